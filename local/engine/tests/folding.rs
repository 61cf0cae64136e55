//! The log is the truth: any part of it gives that part of the history, and facts that cannot be change nothing.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod common;

use std::sync::Arc;

use common::{Run, START, scenario};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use proptest::strategy::Just;
use serde_json::{Value, json};
use sluice_engine::{ApplyError, AttemptId, ChildHistory, Execution, Fact, LogEntry, children, history};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:f";
const CALLBACK: &str = "arn:aws:states:::lambda:invoke.waitForTaskToken";
const ACTIVITY: &str = "arn:aws:states:eu-central-1:123456789012:activity:a";

fn task(resource: &str) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": resource, "TimeoutSeconds": 100, "HeartbeatSeconds": 20, "End": true,
        "Retry": [{ "ErrorEquals": ["Flaky", "States.Timeout"], "IntervalSeconds": 2, "MaxAttempts": 1, "JitterStrategy": "FULL" }] });
    if resource == CALLBACK {
        task["Parameters"] = json!({ "FunctionName": "f", "Payload": { "token.$": "$$.Task.Token", "all.$": "$$" } });
    }
    task
}

fn flow(state: Value) -> Value {
    json!({ "StartAt": "S", "States": { "S": state } })
}

/// Machines that together hold all eight state types, each with its input.
fn machines() -> Vec<(Value, Value)> {
    let named = |name: &str, state: Value| json!({ "StartAt": name, "States": { name: state } });
    let caught = |mut state: Value| {
        state["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught" }]);
        json!({ "StartAt": "S", "TimeoutSeconds": 1000, "States": { "S": state, "Caught": { "Type": "Succeed" } } })
    };
    let mut processor = named("I", task(FUNCTION));
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    vec![
        (flow(task(FUNCTION)), json!({ "n": 1 })),
        (caught(task(CALLBACK)), json!({})),
        (caught(task(ACTIVITY)), json!({})),
        (
            json!({ "StartAt": "W", "States": {
                "W": { "Type": "Wait", "Seconds": 5, "Next": "C" },
                "C": { "Type": "Choice", "Choices": [{ "Variable": "$.n", "NumericGreaterThan": 3, "Next": "F" }], "Default": "P" },
                "P": { "Type": "Pass", "Parameters": { "n.$": "States.MathAdd($.n, 1)" }, "Next": "W" },
                "F": { "Type": "Fail", "Error": "Done", "CausePath": "States.UUID()" } } }),
            json!({ "n": 1 }),
        ),
        (
            caught(json!({ "Type": "Parallel", "End": true, "ResultPath": "$.r",
                "Retry": [{ "ErrorEquals": ["Flaky"], "MaxAttempts": 1 }],
                "Branches": [named("A", task(FUNCTION)), named("B", task(CALLBACK)), named("D", json!({ "Type": "Wait", "Seconds": 7, "End": true }))] })),
            json!({ "a": [1, 2] }),
        ),
        (
            caught(
                json!({ "Type": "Map", "ItemsPath": "$.a", "MaxConcurrency": 2, "ResultPath": "$.r", "End": true,
                "ItemSelector": { "v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index" },
                "ItemProcessor": named("I", json!({ "Type": "Parallel", "Branches": [named("X", task(FUNCTION)), named("Y", task(ACTIVITY))], "End": true })) }),
            ),
            json!({ "a": [1, 2, 3] }),
        ),
        (
            flow(
                json!({ "Type": "Map", "ItemsPath": "$.a", "ToleratedFailureCount": 1, "End": true, "ItemProcessor": processor }),
            ),
            json!({ "a": [1, 2, 3] }),
        ),
        (
            json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": {
                "A": { "Type": "Pass", "Assign": { "x": "{% $random() %}" }, "Next": "T" },
                "T": { "Type": "Task", "Resource": FUNCTION, "Arguments": { "x": "{% $x %}", "id": "{% $uuid() %}" },
                    "Output": "{% { 'r': $states.result, 'now': $millis() } %}", "End": true } } }),
            json!({}),
        ),
    ]
}

/// A choice of what happens next, as far as it can.
fn act(run: &mut Run, choice: u8) {
    let attempt = |run: &Run| {
        run.calls
            .get(usize::from(choice) % run.calls.len().max(1))
            .map(|call| call.attempt)
    };
    run.now += i64::from(choice) * 40;
    let fact = match (choice % 10, attempt(run)) {
        (0..=2, Some(attempt)) => Fact::TaskSucceeded {
            attempt,
            output: Arc::new(json!({ "v": choice })),
        },
        (3, Some(attempt)) => Fact::TaskFailed {
            attempt,
            error: Some("Flaky".to_owned()),
            cause: None,
        },
        (4, Some(attempt)) => Fact::TaskFailed {
            attempt,
            error: Some("Bad".to_owned()),
            cause: Some("c".to_owned()),
        },
        (5, Some(attempt)) => Fact::TaskSubmitted {
            attempt,
            output: Arc::new(json!({})),
        },
        (6, Some(attempt)) => Fact::ActivityStarted { attempt, worker: None },
        (7, Some(attempt)) => Fact::Heartbeat { attempt },
        (9, _) if choice % 20 == 19 && choice > 200 => Fact::ChildStopped {
            child: u32::from(choice % 7),
            error: None,
            cause: None,
        },
        (9, _) if choice % 20 == 9 && choice > 100 && run.execution.outcome().is_none() => Fact::TimeoutsRestarted,
        (9, _) if choice > 240 => Fact::Stopped {
            error: None,
            cause: Some("enough".to_owned()),
        },
        _ if run.execution.outcome().is_some() => Fact::Redriven,
        _ => {
            if let Some(next) = run.execution.next_deadline() {
                run.now = run.now.max(next);
            }
            Fact::DeadlinePassed
        }
    };
    let answered = match &fact {
        Fact::TaskSucceeded { attempt, .. } | Fact::TaskFailed { attempt, .. } => Some(*attempt),
        _ => None,
    };
    if run.fact(fact).is_ok()
        && let Some(answered) = answered
    {
        run.calls.retain(|call| call.attempt != answered);
    }
}

fn run_of(machine: usize, choices: &[u8]) -> Run {
    let machines = machines();
    let (definition, input) = &machines[machine % machines.len()];
    let mut run = Run::started(definition, input.clone());
    for choice in choices {
        act(&mut run, *choice);
    }
    run
}

fn told_children(run: &Run, length: usize) -> Vec<ChildHistory> {
    children(
        run.machine.clone(),
        run.identity.clone(),
        &run.log[..length],
        0..u32::MAX,
    )
    .unwrap()
}

fn check_prefixes(run: &Run) {
    let all = told_children(run, run.log.len());
    for length in 0..=run.log.len() {
        let told = history(run.machine.clone(), run.identity.clone(), &run.log[..length]).unwrap();
        assert_eq!(told, run.events[..told.len()], "the first {length} entries");
        for child in told_children(run, length) {
            let whole = all
                .iter()
                .find(|tale| tale.summary.number == child.summary.number)
                .unwrap();
            assert!(
                whole.trace.events.starts_with(&child.trace.events),
                "the first {length} entries: {child:?}"
            );
            assert_eq!(child.outcome().is_some(), child.summary.ended_at.is_some(), "{child:?}");
        }
        let mut execution = Execution::new(run.machine.clone(), run.identity.clone());
        for entry in &run.log {
            execution.apply(entry).unwrap();
        }
        assert_eq!(execution.event_count(), run.events.len() as u64);
        assert_eq!(format!("{execution:?}"), format!("{:?}", run.execution));
    }
}

#[test]
fn every_prefix_of_a_log_gives_that_prefix_of_the_history() {
    for machine in 0..machines().len() {
        for choices in [
            [0, 8, 0, 18, 0, 28, 0, 8].as_slice(),
            &[3, 8, 14, 8, 8, 8, 0, 0],
            &[5, 6, 7, 8, 249, 8, 10, 20],
        ] {
            check_prefixes(&run_of(machine, choices));
        }
    }
}

fn facts() -> impl Strategy<Value = Fact> {
    let attempt = || (0u64..6).prop_map(AttemptId);
    let value = || {
        prop_oneof![
            Just(json!({})),
            Just(json!([1, "a", null])),
            Just(json!("x".repeat(262_144)))
        ]
        .prop_map(Arc::new)
    };
    let text = || prop::option::of("[A-Za-z.]{0,12}");
    prop_oneof![
        value().prop_map(|input| Fact::Started { input }),
        (attempt(), value()).prop_map(|(attempt, output)| Fact::TaskSucceeded { attempt, output }),
        (attempt(), text(), text()).prop_map(|(attempt, error, cause)| Fact::TaskFailed { attempt, error, cause }),
        (attempt(), value()).prop_map(|(attempt, output)| Fact::TaskSubmitted { attempt, output }),
        (attempt(), text()).prop_map(|(attempt, worker)| Fact::ActivityStarted { attempt, worker }),
        attempt().prop_map(|attempt| Fact::Heartbeat { attempt }),
        prop::collection::btree_set("[a-c]".prop_map(Arc::from), 0..3)
            .prop_map(|arns| Fact::ActivitiesMissing { arns }),
        Just(Fact::DeadlinePassed),
        (text(), text()).prop_map(|(error, cause)| Fact::Stopped { error, cause }),
        Just(Fact::Redriven),
        Just(Fact::TimeoutsRestarted),
        (0u32..8, text()).prop_map(|(child, error)| Fact::ChildStopped {
            child,
            error,
            cause: None
        }),
    ]
}

proptest! {
    #[test]
    fn no_facts_make_apply_panic_and_illegal_ones_change_nothing(
        machine in 0usize..8,
        facts in prop::collection::vec((facts(), -5i64..50_000, any::<[u64; 2]>()), 0..25),
    ) {
        let (definition, input) = machines().swap_remove(machine);
        let mut run = Run::started(&definition, input);
        for (fact, later, seed) in facts {
            let before = format!("{:?}", run.execution);
            let entry = LogEntry { at: run.now + later, seed, fact };
            match run.execution.apply(&entry) {
                Ok(_) => run.now = entry.at,
                Err(ApplyError::Violation(violation)) => panic!("{violation}: {:?}", entry.fact),
                Err(ApplyError::Illegal(_)) => assert_eq!(format!("{:?}", run.execution), before),
            }
        }
    }

    #[test]
    fn any_prefix_of_any_log_gives_that_prefix_of_the_history(
        machine in 0usize..8,
        choices in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        check_prefixes(&run_of(machine, &choices));
    }
}

proptest! {
    // each folds its log once for each of its entries
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_machine_and_any_facts_give_one_history(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Some(played) = scenario::play(&bytes, 20) {
            played.check_prefixes(1);
        }
    }
}

#[test]
fn time_does_not_go_back() {
    let mut run = run_of(0, &[]);
    run.now = START - 1;
    assert!(run.fact(Fact::DeadlinePassed).is_err());
}
