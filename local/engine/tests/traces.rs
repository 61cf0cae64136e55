//! The visits that the events of a history are about.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod common;

use common::{Run, START, Step};
use serde_json::{Value, json};
use sluice_engine::{EvaluationOptions, Trace, WaitingOn, children, trace_with};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:f";

fn task() -> Value {
    json!({ "Type": "Task", "Resource": FUNCTION, "End": true,
        "Retry": [{ "ErrorEquals": ["Flaky"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 1.0 }] })
}

fn flow(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: state } })
}

fn run(definition: &Value, input: Value, steps: &[Step]) -> (Run, Trace) {
    let mut run = Run::started(definition, input);
    steps.iter().for_each(|step| run.step(step));
    let trace = trace_with(
        run.machine.clone(),
        run.identity.clone(),
        &run.log,
        EvaluationOptions::default(),
    );
    let trace = trace.unwrap();
    assert_eq!(*trace.events, *run.events);
    assert_eq!(trace.events.len(), trace.origins.len());
    (run, trace)
}

/// Each event as `id Type of visit`, with `in parent.index` where its visit is in a Parallel or Map.
fn told(trace: &Trace) -> Vec<String> {
    let events = trace.events.iter().zip(&*trace.origins);
    let tell = events.map(|(event, origin)| {
        let within = match origin.parent {
            0 => String::new(),
            parent => format!(" in {parent}.{}", origin.index),
        };
        format!("{} {} of {}{within}", event.id, event.kind.type_name(), origin.visit)
    });
    tell.collect()
}

fn check(definition: Value, input: Value, steps: &[Step], expected: &[&str]) {
    assert_eq!(told(&run(&definition, input, steps).1), expected);
}

#[test]
fn branches_and_what_is_in_them_are_told_apart() {
    let inner = json!({ "Type": "Parallel", "End": true, "Branches": [flow("X", task())] });
    check(
        flow(
            "P",
            json!({ "Type": "Parallel", "End": true, "Branches": [flow("A", task()), flow("Q", inner)] }),
        ),
        json!({}),
        &[Step::OkOf("X", json!(1)), Step::OkOf("A", json!(2))],
        &[
            "1 ExecutionStarted of 0",
            "2 ParallelStateEntered of 2",
            "3 ParallelStateStarted of 2",
            "4 TaskStateEntered of 4 in 2.0",
            "5 LambdaFunctionScheduled of 4 in 2.0",
            "6 LambdaFunctionStarted of 4 in 2.0",
            "7 ParallelStateEntered of 7 in 2.1",
            "8 ParallelStateStarted of 7 in 2.1",
            "9 TaskStateEntered of 9 in 7.0",
            "10 LambdaFunctionScheduled of 9 in 7.0",
            "11 LambdaFunctionStarted of 9 in 7.0",
            "12 LambdaFunctionSucceeded of 9 in 7.0",
            "13 TaskStateExited of 9 in 7.0",
            "14 ParallelStateSucceeded of 7 in 2.1",
            "15 ParallelStateExited of 7 in 2.1",
            "16 LambdaFunctionSucceeded of 4 in 2.0",
            "17 TaskStateExited of 4 in 2.0",
            "18 ParallelStateSucceeded of 2",
            "19 ParallelStateExited of 2",
            "20 ExecutionSucceeded of 0",
        ],
    );
}

#[test]
fn events_of_iterations_are_the_maps() {
    let map = json!({ "Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": flow("I", json!({ "Type": "Pass", "End": true })) });
    check(
        flow("M", map),
        json!([1, 2]),
        &[],
        &[
            "1 ExecutionStarted of 0",
            "2 MapStateEntered of 2",
            "3 MapStateStarted of 2",
            "4 MapIterationStarted of 2",
            "5 PassStateEntered of 5 in 2.0",
            "6 PassStateExited of 5 in 2.0",
            "7 MapIterationSucceeded of 2",
            "8 MapIterationStarted of 2",
            "9 PassStateEntered of 9 in 2.1",
            "10 PassStateExited of 9 in 2.1",
            "11 MapIterationSucceeded of 2",
            "12 MapStateSucceeded of 2",
            "13 MapStateExited of 2",
            "14 ExecutionSucceeded of 0",
        ],
    );
}

#[test]
fn a_visit_goes_on_after_a_redrive() {
    let (_, trace) = run(
        &flow("T", task()),
        json!({}),
        &[Step::Err("Bad", "no"), Step::Redrive, Step::Ok(json!(1))],
    );
    let redriven = trace
        .events
        .iter()
        .position(|event| event.kind.type_name() == "ExecutionRedriven");
    let after = redriven.unwrap() + 1;
    assert_eq!(trace.origins[after - 1].visit, 0);
    assert!(
        trace.origins[after..trace.origins.len() - 1]
            .iter()
            .all(|origin| origin.visit == 2)
    );
}

#[test]
fn what_is_open_says_its_attempt_and_what_it_waits_for() {
    fn check(steps: &[Step], attempt: u64, most: Option<u64>, waits: impl Fn(&WaitingOn) -> bool) {
        let (_, trace) = run(&flow("T", task()), json!({}), steps);
        let [open] = &trace.open[..] else {
            panic!("{:?}", trace.open)
        };
        assert_eq!((open.visit, open.attempt, open.most_attempts), (2, attempt, most));
        assert!(open.waits_for.as_ref().is_some_and(waits), "{open:?}");
    }
    let flaky = || Step::Err("Flaky", "once more");
    check(&[], 1, None, |on| matches!(on, WaitingOn::Call { .. }));
    check(&[flaky()], 1, Some(4), |on| {
        *on == WaitingOn::Retry { at: START + 2_000 }
    });
    check(&[flaky(), Step::Deadline], 2, Some(4), |on| {
        matches!(on, WaitingOn::Call { .. })
    });
    check(&[flaky(), Step::Deadline, flaky()], 2, Some(4), |on| {
        *on == WaitingOn::Retry { at: START + 4_000 }
    });
    let (_, ended) = run(&flow("T", task()), json!({}), &[Step::Ok(json!(1))]);
    assert_eq!(ended.open, []);
}

#[test]
fn a_child_has_visits_of_its_own() {
    let mut processor = flow("I", task());
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    let map = json!({ "Type": "Map", "End": true, "ItemProcessor": processor });
    let (run, _) = run(&flow("M", map), json!([1, 2]), &[Step::Ok(json!(1))]);
    let children = children(run.machine.clone(), run.identity.clone(), &run.log, 0..u32::MAX).unwrap();
    assert_eq!(
        told(&children[0].trace),
        [
            "1 ExecutionStarted of 0",
            "2 TaskStateEntered of 2",
            "3 LambdaFunctionScheduled of 2",
            "4 LambdaFunctionStarted of 2",
            "5 LambdaFunctionSucceeded of 2",
            "6 TaskStateExited of 2",
            "7 ExecutionSucceeded of 0",
        ]
    );
    assert_eq!((children[0].trace.open.len(), children[1].trace.open.len()), (0, 1));
}
