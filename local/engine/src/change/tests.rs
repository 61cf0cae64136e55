//! Decisions change an execution by their changes only: the changes alone give the same state.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::StateMachine;

use super::execution::ExecutionStarted;
use super::{Change, apply, branch, call, child, fan_out, iteration, map_run, state};
use crate::decide;
use crate::decision::{Decision, Replay};
use crate::execution_state::{ExecutionState, ROOT, ThreadId};
use crate::{AttemptId, ErrorDetails, Fact, Identity, Outcome, Timestamp};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:f";

fn identity() -> Identity {
    Identity {
        key: 1,
        arn: "arn:aws:states:eu-central-1:123456789012:execution:m:run".into(),
        name: "run".into(),
        machine_arn: "arn:aws:states:eu-central-1:123456789012:stateMachine:m".into(),
        machine_name: "m".into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        express: false,
    }
}

/// Decides the facts, ten seconds apart, and folds the changes into a second execution.
fn check(definition: &Value, facts: &[Fact]) {
    let machine = StateMachine::parse(&definition.to_string())
        .map_err(|d| format!("{d:?}"))
        .unwrap();
    let identity = identity();
    let mut decided = ExecutionState::new();
    let mut folded = ExecutionState::new();
    for (n, fact) in facts.iter().enumerate() {
        let at = n as Timestamp * 10_000;
        decide::check(&decided, false, at, fact).unwrap();
        let mut changes: Vec<Replay> = Vec::new();
        let mut decision = Decision::new(&machine, &identity, &mut decided, at, [1, n as u64]);
        decision.log = Some(&mut changes);
        decide::decide(&mut decision, fact).unwrap();
        decided.last_at = at;
        for replay in changes {
            replay(&mut folded).unwrap();
        }
        folded.last_at = at;
        assert!(folded.is_armed_right(), "after fact {n}: {fact:?}");
        assert_eq!(
            format!("{folded:?}"),
            format!("{decided:?}"),
            "after fact {n}: {fact:?}"
        );
        let waiting = decided.threads.iter().filter(|(_, thread)| !thread.stopped);
        let deadlines = waiting.filter_map(|(id, thread)| Some((thread.deadline()?, *id)));
        assert_eq!(decided.deadlines, deadlines.collect(), "after fact {n}: {fact:?}");
    }
}

fn ok(attempt: u64) -> Fact {
    Fact::TaskSucceeded {
        attempt: AttemptId(attempt),
        output: Arc::new(json!({ "v": attempt })),
    }
}

fn err(attempt: u64) -> Fact {
    Fact::TaskFailed {
        attempt: AttemptId(attempt),
        error: Some("E".to_owned()),
        cause: None,
    }
}

fn flow(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: state } })
}

fn task() -> Value {
    json!({ "Type": "Task", "Resource": FUNCTION, "End": true, "TimeoutSeconds": 5,
        "Retry": [{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 1 }] })
}

#[test]
fn changes_alone_give_the_decided_state() {
    let start = || Fact::Started {
        input: Arc::new(json!([1, 2])),
    };
    let mut run = flow("I", task());
    run["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    for (state, facts) in [
        (task(), vec![start(), err(1), Fact::DeadlinePassed, ok(2)]),
        (
            task(),
            vec![
                start(),
                Fact::DeadlinePassed,
                Fact::DeadlinePassed,
                err(2),
                Fact::Redriven,
                ok(3),
            ],
        ),
        (
            json!({ "Type": "Wait", "Seconds": 3, "End": true }),
            vec![start(), Fact::DeadlinePassed],
        ),
        (
            json!({ "Type": "Parallel", "End": true, "Branches": [flow("A", task()), flow("B", task())] }),
            vec![
                start(),
                ok(1),
                err(2),
                Fact::DeadlinePassed,
                err(3),
                Fact::Redriven,
                ok(4),
            ],
        ),
        (
            json!({ "Type": "Map", "End": true, "MaxConcurrency": 1, "ItemProcessor": flow("A", task()) }),
            vec![start(), ok(1), ok(2)],
        ),
        (
            json!({ "Type": "Map", "End": true, "ToleratedFailureCount": 1, "ItemProcessor": run }),
            vec![start(), err(1), ok(2), Fact::DeadlinePassed, err(3)],
        ),
        (
            task(),
            vec![
                start(),
                Fact::Stopped {
                    error: None,
                    cause: None,
                },
            ],
        ),
    ] {
        check(&flow("S", state), &facts);
    }
}

/// A state in which nothing is as a change needs it: the machine's thread is in no state.
fn bare_state() -> ExecutionState {
    let mut execution = ExecutionState::new();
    let started = ExecutionStarted {
        input: Arc::default(),
        times_out_at: 1,
        start_at: "S".into(),
    };
    apply(started, &mut execution, 0).unwrap();
    execution
}

#[track_caller]
fn refused(change: impl Change + std::fmt::Debug) {
    let mut execution = bare_state();
    let before = format!("{execution:?}");
    assert!(apply(change.clone(), &mut execution, 0).is_err(), "{change:?}");
    assert_eq!(format!("{execution:?}"), before, "{change:?}");
}

#[test]
fn changes_of_states_and_calls_are_applied_whole_or_not_at_all() {
    let output: Arc<Value> = Arc::default();
    let details = ErrorDetails::default();
    // a thread that is not there, and one that is in no state
    for thread in [ThreadId(7), ROOT] {
        refused(call::CallStarted { thread });
        refused(call::WorkerStarted {
            thread,
            worker: None,
            heartbeat_by: None,
        });
        refused(call::CallSubmitted {
            thread,
            output: output.clone(),
        });
        refused(call::HeartbeatReceived {
            thread,
            heartbeat_by: 1,
        });
        refused(call::TimeoutRestarted {
            thread,
            times_out_at: None,
            heartbeat_by: None,
        });
        refused(call::CallSucceeded {
            thread,
            output: output.clone(),
        });
        refused(call::CallFailed {
            thread,
            details: details.clone(),
        });
        refused(call::CallTimedOut {
            thread,
            details: details.clone(),
        });
        refused(state::EvaluationFailed {
            thread,
            early: true,
            error: "E",
            cause: String::new(),
            location: None,
        });
        refused(state::RetryScheduled {
            thread,
            retrier: 0,
            at: 1,
        });
        refused(state::RetryStarted { thread });
        refused(state::WaitStarted { thread, until: 1 });
    }
    let thread = ThreadId(7);
    refused(state::StateExited {
        thread,
        output,
        assigned: None,
        next: None,
    });
    refused(state::ThreadStopped { thread });
    refused(state::StateAborted { thread });
    refused(state::ThreadResumed { thread, anew: true });
}

#[test]
fn changes_of_branches_are_applied_whole_or_not_at_all() {
    let output: Arc<Value> = Arc::default();
    let machine = StateMachine::parse(&flow("S", json!({ "Type": "Succeed" })).to_string()).unwrap();
    let flow = Arc::new(machine.flow);
    for thread in [ThreadId(7), ROOT] {
        refused(fan_out::FanOutSucceeded { thread, unlinked: true });
        refused(fan_out::FanOutCleared { thread });
        refused(branch::BranchStarted {
            parent: thread,
            branch: ThreadId(8),
            index: 0,
            flow: flow.clone(),
            input: output.clone(),
        });
        refused(branch::BranchSucceeded {
            thread,
            output: output.clone(),
        });
        refused(branch::BranchFailed { thread });
        refused(iteration::IterationSucceeded {
            thread,
            output: output.clone(),
        });
        refused(iteration::IterationFailed { thread });
        refused(child::ChildEnded {
            thread,
            outcome: Outcome::TimedOut,
        });
        refused(child::ChildQueued { thread });
        refused(child::ChildRedriven { thread });
        refused(child::ChildReplaced { thread });
        refused(map_run::MapRunEnded {
            thread,
            end: map_run::MapRunEnd::Succeeded,
        });
        refused(map_run::MapRunRedriven { thread });
    }
    let thread = ThreadId(7);
    refused(iteration::IterationAborted { thread });
    refused(fan_out::FanOutFailed { thread });
}
