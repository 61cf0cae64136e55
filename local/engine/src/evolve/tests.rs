//! Decisions change an execution by their changes only: the changes alone give the same state.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::StateMachine;

use super::evolve;
use crate::change::Change;
use crate::decide::{self, Decision};
use crate::life::Life;
use crate::{AttemptId, Fact, Identity, Timestamp};

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
    let mut decided = Life::new();
    let mut folded = Life::new();
    for (n, fact) in facts.iter().enumerate() {
        let at = n as Timestamp * 10_000;
        decide::check(&decided, false, at, fact).unwrap();
        let mut changes: Vec<(Change, Timestamp)> = Vec::new();
        let mut decision = Decision::new(&machine, &identity, &mut decided, at, [1, n as u64], None);
        decision.log = Some(&mut changes);
        decision.decide(fact);
        decided.last_at = at;
        for (change, at) in changes {
            evolve(&mut folded, change, at);
        }
        folded.last_at = at;
        assert!(folded.is_armed_right(), "after fact {n}: {fact:?}");
        assert_eq!(
            format!("{folded:?}"),
            format!("{decided:?}"),
            "after fact {n}: {fact:?}"
        );
        let waiting = decided.threads.iter().filter(|(_, thread)| !thread.halted);
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
