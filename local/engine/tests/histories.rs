//! The histories of small machines, event by event.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod common;

use std::sync::Arc;

use common::{Run, Step};
use serde_json::{Value, json};
use sluice_engine::{AttemptStatus, Fact, Status, WaitingOn};

const CALLBACK: &str = "arn:aws:states:::lambda:invoke.waitForTaskToken";
const INVOKE: &str = "arn:aws:states:::lambda:invoke";
const ACTIVITY: &str = "arn:aws:states:eu-central-1:123456789012:activity:a";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:f";

/// Runs the machine through the steps; the history must be as told.
fn check(states: Value, input: Value, steps: &[Step], expected: &[&str]) -> Run {
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    let mut run = Run::started(&json!({ "StartAt": start, "States": states }), input);
    for step in steps {
        run.step(step);
    }
    assert_eq!(run.told(), expected);
    run
}

fn pass(next: &str) -> Value {
    json!({ "Type": "Pass", "Next": next })
}

fn end() -> Value {
    json!({ "Type": "Pass", "End": true })
}

/// A Choice that never goes to the state `End`.
fn endless(next: &str) -> Value {
    json!({ "Type": "Choice", "Choices": [{ "Variable": "$", "IsString": true, "Next": "End" }], "Default": next })
}

fn wait(seconds: u64) -> Value {
    json!({ "Type": "Wait", "Seconds": seconds, "End": true })
}

fn flow(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: state } })
}

#[test]
fn a_first_state_follows_nothing_and_the_others_follow_each_other() {
    let run = check(
        json!({ "A": pass("B"), "B": { "Type": "Choice", "Choices": [{ "Variable": "$.x", "NumericEquals": 1, "Next": "C" }] },
            "C": { "Type": "Succeed" } }),
        json!({ "x": 1 }),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 PassStateEntered A",
            "3<2 PassStateExited A",
            "4<3 ChoiceStateEntered B",
            "5<4 ChoiceStateExited B",
            "6<5 SucceedStateEntered C",
            "7<6 SucceedStateExited C",
            "8<7 ExecutionSucceeded",
        ],
    );
    assert_eq!(run.output(), json!({ "x": 1 }));
    assert_eq!(run.execution.event_count(), 8);
}

#[test]
fn a_wait_lasts_until_its_deadline() {
    let run = check(
        json!({ "W": { "Type": "Wait", "Seconds": 10, "Next": "E" }, "E": end() }),
        json!({}),
        &[],
        &["1<0 ExecutionStarted", "2<0 WaitStateEntered W"],
    );
    assert_eq!(run.execution.next_deadline(), Some(common::START + 10_000));
    assert!(run.execution.is_parked());
    check(
        json!({ "W": { "Type": "Wait", "Seconds": 10, "Next": "E" }, "E": end() }),
        json!({}),
        &[Step::Deadline],
        &[
            "1<0 ExecutionStarted",
            "2<0 WaitStateEntered W",
            "3<2 WaitStateExited W",
            "4<3 PassStateEntered E",
            "5<4 PassStateExited E",
            "6<5 ExecutionSucceeded",
        ],
    );
}

#[test]
fn a_time_that_has_passed_is_no_wait() {
    check(
        json!({ "W": { "Type": "Wait", "Timestamp": "2001-01-01T00:00:00Z", "End": true } }),
        json!({}),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 WaitStateEntered W",
            "3<2 WaitStateExited W",
            "4<3 ExecutionSucceeded",
        ],
    );
}

#[test]
fn a_callback_is_scheduled_started_submitted_and_answered() {
    let states = json!({ "T": { "Type": "Task", "Resource": CALLBACK, "TimeoutSeconds": 60,
        "Parameters": { "FunctionName": "f", "Payload": { "token.$": "$$.Task.Token" } }, "End": true } });
    let run = check(
        states.clone(),
        json!({}),
        &[Step::Submitted(json!({ "StatusCode": 200 })), Step::Ok(json!("yes"))],
        &[
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered T",
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskSubmitted",
            "6<5 TaskSucceeded",
            "7<6 TaskStateExited T",
            "8<7 ExecutionSucceeded",
        ],
    );
    assert_eq!(run.output(), json!("yes"));
    let scheduled = run.events[2].to_json(true);
    let details = &scheduled["taskScheduledEventDetails"];
    assert_eq!(details["resource"], "invoke.waitForTaskToken");
    assert_eq!(details["resourceType"], "lambda");
    assert_eq!(details["region"], "eu-central-1");
    assert_eq!(details["timeoutInSeconds"], 60);
}

#[test]
fn a_token_finds_its_attempt_open_then_closed_and_no_other() {
    let states = json!({ "T": { "Type": "Task", "Resource": CALLBACK,
        "Parameters": { "FunctionName": "f", "Payload": { "token.$": "$$.Task.Token" } }, "Next": "W" }, "W": wait(9) });
    let definition = json!({ "StartAt": "T", "States": states });
    let mut run = Run::started(&definition, json!({}));
    let task = run.calls[0].clone();
    let token = task.token.clone().unwrap();
    assert_eq!(task.arguments["Payload"]["token"], *token);
    assert_eq!(sluice_engine::token::parse(&token), Some((42, task.attempt)));
    assert!(!run.execution.is_parked());
    assert_eq!(run.execution.open_tasks(), std::slice::from_ref(&task));
    assert_eq!(
        run.execution.attempt_of_token(&token),
        Some((task.attempt, AttemptStatus::Open))
    );
    let mut forged = token.to_string();
    forged.replace_range(forged.len() - 3.., "AAA");
    assert_eq!(run.execution.attempt_of_token(&forged), None);

    run.step(&Step::Submitted(json!({})));
    assert!(run.execution.is_parked());
    assert_eq!(run.execution.open_tasks(), []);
    assert_eq!(
        run.execution.waiting()[0].on,
        WaitingOn::Token { attempt: task.attempt }
    );
    run.step(&Step::Ok(json!({})));
    assert_eq!(
        run.execution.attempt_of_token(&token),
        Some((task.attempt, AttemptStatus::Closed))
    );
    assert_eq!(run.execution.attempt_of_token(&forged), None);
}

#[test]
fn a_retry_schedules_anew_without_entering_again() {
    let states = json!({ "T": { "Type": "Task", "Resource": FUNCTION, "End": true,
        "Retry": [{ "ErrorEquals": ["Flaky"], "IntervalSeconds": 3, "MaxAttempts": 2 }] } });
    let run = check(
        states.clone(),
        json!({}),
        &[
            Step::Err("Flaky", "1"),
            Step::Deadline,
            Step::Err("Flaky", "2"),
            Step::Deadline,
            Step::Ok(json!(7)),
        ],
        &[
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered T",
            "3<2 LambdaFunctionScheduled",
            "4<3 LambdaFunctionStarted",
            "5<4 LambdaFunctionFailed",
            "6<5 LambdaFunctionScheduled",
            "7<6 LambdaFunctionStarted",
            "8<7 LambdaFunctionFailed",
            "9<8 LambdaFunctionScheduled",
            "10<9 LambdaFunctionStarted",
            "11<10 LambdaFunctionSucceeded",
            "12<11 TaskStateExited T",
            "13<12 ExecutionSucceeded",
        ],
    );
    assert_eq!(run.now, common::START + 3_000 + 6_000);
    let mut run = Run::started(&json!({ "StartAt": "T", "States": states }), json!({}));
    for step in [
        Step::Err("Flaky", "1"),
        Step::Deadline,
        Step::Err("Flaky", "2"),
        Step::Deadline,
        Step::Err("Flaky", "3"),
    ] {
        run.step(&step);
    }
    assert_eq!(run.error(), ("Flaky".to_owned(), "3".to_owned()));
}

#[test]
fn a_caught_error_leaves_the_state() {
    let run = check(
        json!({ "T": { "Type": "Task", "Resource": INVOKE, "Parameters": { "FunctionName": "f" }, "End": true,
                "Catch": [{ "ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "H" }] },
            "H": end() }),
        json!({ "a": 1 }),
        &[Step::Err("Bad", "because")],
        &[
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered T",
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskFailed",
            "6<5 TaskStateExited T",
            "7<6 PassStateEntered H",
            "8<7 PassStateExited H",
            "9<8 ExecutionSucceeded",
        ],
    );
    assert_eq!(
        run.output(),
        json!({ "a": 1, "error": { "Error": "Bad", "Cause": "because" } })
    );
}

#[test]
fn a_task_times_out_and_its_call_is_abandoned() {
    let run = check(
        json!({ "T": { "Type": "Task", "Resource": INVOKE, "TimeoutSeconds": 5, "Parameters": { "FunctionName": "f" }, "End": true } }),
        json!({}),
        &[Step::Deadline],
        &[
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered T",
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskTimedOut",
            "6<5 ExecutionFailed",
        ],
    );
    assert_eq!(run.error(), ("States.Timeout".to_owned(), String::new()));
    assert_eq!(run.abandoned.len(), 1);
}

#[test]
fn heartbeats_move_their_deadline_and_never_the_timeout() {
    let states = json!({ "T": { "Type": "Task", "Resource": CALLBACK, "TimeoutSeconds": 12, "HeartbeatSeconds": 5,
        "Parameters": { "FunctionName": "f" }, "End": true } });
    let start = [Step::Submitted(json!({})), Step::Later(4_000), Step::Heartbeat];
    let common = [
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered T",
        "3<2 TaskScheduled",
        "4<3 TaskStarted",
        "5<4 TaskSubmitted",
    ];
    let ended = ["6<5 TaskTimedOut", "7<6 ExecutionFailed"];
    let mut expected: Vec<&str> = common.to_vec();
    expected.extend(ended);

    let mut steps = start.to_vec();
    steps.push(Step::Deadline);
    let run = check(states.clone(), json!({}), &steps, &expected);
    assert_eq!(run.now, common::START + 9_000);
    assert_eq!(run.error().0, "States.HeartbeatTimeout");

    steps.pop();
    steps.extend([Step::Later(4_000), Step::Heartbeat, Step::Deadline]);
    let run = check(states, json!({}), &steps, &expected);
    assert_eq!(run.now, common::START + 12_000);
    assert_eq!(run.error().0, "States.Timeout");
}

/// The time at which `state` times out, if its time is restarted after four seconds.
fn restarted_after_four_seconds(state: Value, before: &[Step]) -> i64 {
    let mut run = Run::started(
        &json!({ "StartAt": "T", "TimeoutSeconds": 100, "States": { "T": state } }),
        json!({}),
    );
    for step in before {
        run.step(step);
    }
    for step in [Step::Later(4_000), Step::Restarted, Step::Deadline] {
        let told = run.told();
        run.step(&step);
        if matches!(step, Step::Restarted) {
            assert_eq!(run.told(), told, "no event tells of it");
        }
    }
    run.now - common::START
}

#[test]
fn only_calls_in_flight_have_their_time_again_when_it_is_restarted() {
    let task = |resource: &str, times: Value| {
        let mut task =
            json!({ "Type": "Task", "Resource": resource, "Parameters": { "FunctionName": "f" }, "End": true });
        task.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        task
    };
    let both = || json!({ "TimeoutSeconds": 12, "HeartbeatSeconds": 5 });
    let submitted = [Step::Submitted(json!({}))];
    let taken = [Step::Taken("w")];
    let cases = [
        (task(INVOKE, json!({ "TimeoutSeconds": 12 })), [].as_slice(), 16_000),
        // the execution's own time goes on
        (task(INVOKE, json!({ "TimeoutSeconds": 99 })), &[], 100_000),
        (task(INVOKE, json!({})), &[], 100_000),
        // a call that carries a token, before and after it was accepted
        (task(CALLBACK, both()), &[], 9_000),
        (task(CALLBACK, both()), &submitted, 5_000),
        // a worker's
        (task(ACTIVITY, json!({ "TimeoutSeconds": 12 })), &[], 12_000),
        (task(ACTIVITY, both()), &taken, 5_000),
        (json!({ "Type": "Wait", "Seconds": 7, "End": true }), &[], 7_000),
    ];
    for (state, before, expected) in cases {
        assert_eq!(restarted_after_four_seconds(state.clone(), before), expected, "{state}");
    }
}

#[test]
fn a_state_whose_activity_does_not_exist_fails_before_it_schedules_anything() {
    let state = json!({ "Type": "Task", "Resource": ACTIVITY, "End": true,
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "T" }] });
    let definition = json!({ "StartAt": "T", "States": { "T": state } });
    let missing = |arns: &[&str]| Fact::ActivitiesMissing {
        arns: arns.iter().map(|arn| Arc::from(*arn)).collect(),
    };
    let start = || Fact::Started {
        input: Arc::new(json!({})),
    };
    let mut run = Run::new(&definition, false);
    run.fact(missing(&[ACTIVITY, "other"])).unwrap();
    run.fact(start()).unwrap();
    let events = ["1<0 ExecutionStarted", "2<0 TaskStateEntered T", "3<2 ExecutionFailed"];
    assert_eq!(run.told(), events);
    let cause = format!(
        "An error occurred while executing the state 'T' (entered at the event id #2). The activity {ACTIVITY} does not exist."
    );
    assert_eq!(run.error(), ("States.Runtime".to_owned(), cause));

    let mut run = Run::new(&definition, false);
    run.fact(missing(&[ACTIVITY])).unwrap();
    run.fact(missing(&["other"])).unwrap();
    run.fact(start()).unwrap();
    assert_eq!(run.told()[2..], ["3<2 ActivityScheduled"]);
}

#[test]
fn an_activity_waits_for_a_worker() {
    let states = json!({ "T": { "Type": "Task", "Resource": ACTIVITY, "HeartbeatSeconds": 30, "End": true } });
    let run = check(
        states.clone(),
        json!({ "n": 1 }),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered T",
            "3<2 ActivityScheduled",
        ],
    );
    assert!(run.execution.is_parked());
    assert_eq!(run.execution.open_tasks().len(), 1);
    check(
        states,
        json!({ "n": 1 }),
        &[Step::Taken("w"), Step::Ok(json!({}))],
        &[
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered T",
            "3<2 ActivityScheduled",
            "4<3 ActivityStarted",
            "5<4 ActivitySucceeded",
            "6<5 TaskStateExited T",
            "7<6 ExecutionSucceeded",
        ],
    );
}

#[test]
fn a_parallel_joins_its_branches() {
    let run = check(
        json!({ "P": { "Type": "Parallel", "Branches": [flow("A", end()), flow("W", wait(1))], "End": true } }),
        json!(5),
        &[Step::Deadline],
        &[
            "1<0 ExecutionStarted",
            "2<0 ParallelStateEntered P",
            "3<2 ParallelStateStarted",
            "4<3 PassStateEntered A",
            "5<4 PassStateExited A",
            "6<3 WaitStateEntered W",
            "7<6 WaitStateExited W",
            "8<7 ParallelStateSucceeded",
            "9<7 ParallelStateExited P",
            "10<9 ExecutionSucceeded",
        ],
    );
    assert_eq!(run.output(), json!([5, 5]));
}

#[test]
fn a_failing_branch_aborts_its_siblings() {
    let run = check(
        json!({ "P": { "Type": "Parallel", "End": true, "Branches": [
            flow("W", wait(9)),
            flow("T", json!({ "Type": "Task", "Resource": FUNCTION, "End": true })),
            flow("F", json!({ "Type": "Fail", "Error": "E", "Cause": "C" })),
        ] } }),
        json!({}),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 ParallelStateEntered P",
            "3<2 ParallelStateStarted",
            "4<3 WaitStateEntered W",
            "5<3 TaskStateEntered T",
            "6<5 LambdaFunctionScheduled",
            "7<6 LambdaFunctionStarted",
            "8<3 FailStateEntered F",
            "9<4 WaitStateAborted",
            "10<7 TaskStateAborted",
            "11<8 ParallelStateFailed",
            "12<11 ExecutionFailed",
        ],
    );
    assert_eq!(run.error(), ("E".to_owned(), "C".to_owned()));
    // the call was to start with the decision that aborted it: it never starts
    assert_eq!((run.calls.len(), run.abandoned.len()), (0, 0));
}

#[test]
fn iterations_run_as_many_at_a_time_as_may_be() {
    let run = check(
        json!({ "M": { "Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": flow("A", end()) } }),
        json!([1, 2]),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 MapStateEntered M",
            "3<2 MapStateStarted",
            "4<3 MapIterationStarted 0",
            "5<4 PassStateEntered A",
            "6<5 PassStateExited A",
            "7<6 MapIterationSucceeded 0",
            "8<6 MapIterationStarted 1",
            "9<8 PassStateEntered A",
            "10<9 PassStateExited A",
            "11<10 MapIterationSucceeded 1",
            "12<11 MapStateSucceeded",
            "13<11 MapStateExited M",
            "14<13 ExecutionSucceeded",
        ],
    );
    assert_eq!(run.output(), json!([1, 2]));
}

#[test]
fn a_failing_iteration_aborts_the_others_and_the_map_may_try_again() {
    check(
        json!({ "M": { "Type": "Map", "End": true, "Retry": [{ "ErrorEquals": ["E"], "MaxAttempts": 1 }],
            "ItemProcessor": flow("T", json!({ "Type": "Task", "Resource": FUNCTION, "End": true })) } }),
        json!([1, 2]),
        &[
            Step::Err("E", "C"),
            Step::Deadline,
            Step::Ok(json!(1)),
            Step::Ok(json!(2)),
        ],
        &[
            "1<0 ExecutionStarted",
            "2<0 MapStateEntered M",
            "3<2 MapStateStarted",
            "4<3 MapIterationStarted 0",
            "5<3 MapIterationStarted 1",
            "6<4 TaskStateEntered T",
            "7<6 LambdaFunctionScheduled",
            "8<7 LambdaFunctionStarted",
            "9<5 TaskStateEntered T",
            "10<9 LambdaFunctionScheduled",
            "11<10 LambdaFunctionStarted",
            "12<8 LambdaFunctionFailed",
            "13<12 MapIterationFailed 0",
            "14<11 TaskStateAborted",
            "15<14 MapIterationAborted 1",
            "16<12 MapStateStarted",
            "17<16 MapIterationStarted 0",
            "18<16 MapIterationStarted 1",
            "19<17 TaskStateEntered T",
            "20<19 LambdaFunctionScheduled",
            "21<20 LambdaFunctionStarted",
            "22<18 TaskStateEntered T",
            "23<22 LambdaFunctionScheduled",
            "24<23 LambdaFunctionStarted",
            "25<21 LambdaFunctionSucceeded",
            "26<25 TaskStateExited T",
            "27<26 MapIterationSucceeded 0",
            "28<24 LambdaFunctionSucceeded",
            "29<28 TaskStateExited T",
            "30<29 MapIterationSucceeded 1",
            "31<30 MapStateSucceeded",
            "32<30 MapStateExited M",
            "33<32 ExecutionSucceeded",
        ],
    );
}

#[test]
fn an_inner_block_is_aborted_from_the_inside() {
    let inner = json!({ "Type": "Map", "End": true, "ItemProcessor": flow("W", wait(9)) });
    check(
        json!({ "P": { "Type": "Parallel", "End": true, "Branches": [
            flow("M", inner),
            flow("T", json!({ "Type": "Task", "Resource": FUNCTION, "End": true })),
        ] } }),
        json!([1]),
        &[Step::Err("E", "C")],
        &[
            "1<0 ExecutionStarted",
            "2<0 ParallelStateEntered P",
            "3<2 ParallelStateStarted",
            "4<3 MapStateEntered M",
            "5<4 MapStateStarted",
            "6<5 MapIterationStarted 0",
            "7<3 TaskStateEntered T",
            "8<7 LambdaFunctionScheduled",
            "9<8 LambdaFunctionStarted",
            "10<6 WaitStateEntered W",
            "11<9 LambdaFunctionFailed",
            "12<10 WaitStateAborted",
            "13<12 MapIterationAborted 0",
            "14<5 MapStateAborted",
            "15<11 ParallelStateFailed",
            "16<15 ExecutionFailed",
        ],
    );
}

fn distributed(state: Value, more: Value) -> Value {
    let mut processor = flow("S", state);
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    let mut map = json!({ "Type": "Map", "End": true, "Label": "L", "ItemProcessor": processor });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    map
}

#[test]
fn a_map_run_shows_nothing_of_its_children() {
    let run = check(
        json!({ "M": distributed(json!({ "Type": "Pass", "End": true, "Parameters": { "id.$": "$$.Execution.Id", "x.$": "$" } }), json!({})) }),
        json!([1, 2]),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 MapStateEntered M",
            "3<2 MapStateStarted",
            "4<3 MapRunStarted",
            "5<4 MapRunSucceeded",
            "6<5 MapStateSucceeded",
            "7<5 MapStateExited M",
            "8<7 ExecutionSucceeded",
        ],
    );
    let output = run.output();
    assert_eq!(output[1]["x"], 2);
    let child = output[0]["id"].as_str().unwrap();
    assert!(
        child.starts_with("arn:aws:states:eu-central-1:123456789012:execution:m/L:"),
        "{child}"
    );
    assert_ne!(output[0]["id"], output[1]["id"]);
}

#[test]
fn a_map_run_tolerates_as_many_failures_as_it_says() {
    let choice = json!({ "Type": "Task", "Resource": FUNCTION, "End": true });
    let steps = [Step::Err("E", "C"), Step::Ok(json!("b")), Step::Ok(json!("c"))];
    let definition = |more| json!({ "StartAt": "M", "States": { "M": distributed(choice.clone(), more) } });
    for more in [
        json!({ "ToleratedFailureCount": 1 }),
        json!({ "ToleratedFailurePercentage": 34 }),
        json!({ "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 50 }),
    ] {
        let mut run = Run::started(&definition(more.clone()), json!([1, 2, 3]));
        steps.iter().for_each(|step| run.step(step));
        assert_eq!(run.output(), json!(["b", "c"]), "{more}");
    }
    for more in [json!({}), json!({ "ToleratedFailurePercentage": 33 })] {
        let mut run = Run::started(&definition(more.clone()), json!([1, 2, 3]));
        run.step(&steps[0]);
        assert_eq!(run.error().0, "States.ExceedToleratedFailureThreshold", "{more}");
        assert_eq!(run.abandoned.len(), 2);
        let told = run.told();
        assert_eq!(
            told[4..],
            ["5<4 MapRunFailed", "6<5 MapStateFailed", "7<6 ExecutionFailed"],
            "{more}"
        );
    }
}

#[test]
fn items_are_batched_by_number_and_by_size() {
    for (batcher, expected) in [
        (
            json!({ "MaxItemsPerBatch": 2 }),
            json!([{ "Items": [10, 20] }, { "Items": [30] }]),
        ),
        (
            json!({ "MaxItemsPerBatch": 2, "BatchInput": { "k": "v" } }),
            json!([{ "BatchInput": { "k": "v" }, "Items": [10, 20] }, { "BatchInput": { "k": "v" }, "Items": [30] }]),
        ),
        // {"Items":[]} is 12 bytes, each number 2 and a comma
        (
            json!({ "MaxInputBytesPerBatch": 18 }),
            json!([{ "Items": [10, 20] }, { "Items": [30] }]),
        ),
        (
            json!({ "MaxInputBytesPerBatch": 1 }),
            json!([{ "Items": [10] }, { "Items": [20] }, { "Items": [30] }]),
        ),
    ] {
        let map = distributed(end(), json!({ "ItemBatcher": batcher }));
        let run = Run::started(&json!({ "StartAt": "M", "States": { "M": map } }), json!([10, 20, 30]));
        assert_eq!(run.output(), expected, "{batcher}");
    }
}

#[test]
fn an_execution_times_out_to_the_millisecond() {
    let definition = json!({ "StartAt": "W", "TimeoutSeconds": 5, "States": { "W": wait(9) } });
    let mut run = Run::started(&definition, json!({}));
    run.step(&Step::Later(60_000));
    run.step(&Step::Deadline);
    assert_eq!(
        run.told(),
        [
            "1<0 ExecutionStarted",
            "2<0 WaitStateEntered W",
            "3<0 ExecutionTimedOut"
        ]
    );
    assert_eq!(run.execution.status(), Status::TimedOut);
    assert_eq!(run.execution.ended_at(), Some(common::START + 5_000));
    assert_eq!(run.events[2].timestamp, common::START + 5_000);
}

#[test]
fn an_express_execution_lives_five_minutes() {
    let definition = json!({ "StartAt": "W", "States": { "W": wait(999) } });
    let mut run = Run::new(&definition, true);
    run.fact(sluice_engine::Fact::Started {
        input: json!({}).into(),
    })
    .unwrap();
    assert_eq!(run.execution.next_deadline(), Some(common::START + 300_000));
}

#[test]
fn a_stopped_execution_abandons_its_calls() {
    let run = check(
        json!({ "T": { "Type": "Task", "Resource": FUNCTION, "End": true } }),
        json!({}),
        &[Step::Stop],
        &[
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered T",
            "3<2 LambdaFunctionScheduled",
            "4<3 LambdaFunctionStarted",
            "5<0 ExecutionAborted",
        ],
    );
    assert_eq!(run.abandoned.len(), 1);
    assert_eq!(run.events[4].to_json(true)["executionAbortedEventDetails"], json!({}));
}

#[test]
fn the_25000th_event_is_the_failure() {
    let definition = json!({ "StartAt": "A", "States": { "A": pass("B"), "B": endless("A"), "End": end() } });
    let run = Run::started(&definition, json!({}));
    assert_eq!(run.events.len(), 25_000);
    let last = run.events.last().unwrap();
    assert_eq!((last.id, last.kind.type_name().as_str()), (25_000, "ExecutionFailed"));
    assert_eq!(
        run.error(),
        (
            "States.Runtime".to_owned(),
            "The execution reached the maximum number of history events (25000).".to_owned()
        )
    );
}

#[test]
fn a_childs_full_history_is_the_childs_failure() {
    for tolerated in [0, 1] {
        endless_child(tolerated);
    }
}

fn endless_child(tolerated: u64) {
    let mut branch = flow("A", pass("B"));
    branch["States"]["B"] = endless("A");
    branch["States"]["End"] = end();
    let task = flow("T", json!({ "Type": "Task", "Resource": FUNCTION, "End": true }));
    let parallel = json!({ "Type": "Parallel", "Branches": [task, branch, flow("W", wait(9))], "End": true });
    let map = distributed(parallel, json!({ "ToleratedFailureCount": tolerated }));
    let run = Run::started(&json!({ "StartAt": "M", "States": { "M": map } }), json!([1]));
    assert!(run.calls.is_empty());
    assert_eq!(run.events.len(), if tolerated == 1 { 8 } else { 7 });
    match tolerated {
        0 => assert_eq!(run.error().0, "States.ExceedToleratedFailureThreshold"),
        _ => assert_eq!(run.output(), json!([])),
    }
}

#[test]
fn an_execution_can_go_from_thread_to_thread() {
    fn sendable<T: Send>() {}
    sendable::<sluice_engine::Execution>();
}

#[test]
fn deep_nesting_needs_no_stack() {
    let mut state = json!({ "Type": "Fail", "Error": "Deep" });
    for depth in 0..30 {
        state = json!({ "Type": "Parallel", "End": true, "Branches": [flow(&format!("S{depth}"), state)] });
    }
    let run = Run::started(&json!({ "StartAt": "Top", "States": { "Top": state } }), json!({}));
    assert_eq!(run.error().0, "Deep");
    assert_eq!(run.events.len(), 1 + 2 * 30 + 1 + 30 + 1);
}

#[test]
fn too_large_an_output_fails_the_state() {
    let large = json!("x".repeat(262_143));
    let run = check(
        json!({ "A": { "Type": "Pass", "Result": large, "End": true } }),
        json!({}),
        &[],
        &["1<0 ExecutionStarted", "2<0 PassStateEntered A", "3<2 ExecutionFailed"],
    );
    assert_eq!(
        run.error(),
        (
            "States.DataLimitExceeded".to_owned(),
            "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit."
                .to_owned()
        )
    );
    let fits = json!("x".repeat(262_142));
    let run = Run::started(
        &json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "Result": fits, "End": true } } }),
        json!({}),
    );
    assert_eq!(run.execution.status(), Status::Succeeded);
}

#[test]
fn no_choice_that_matches_is_an_error() {
    let run = check(
        json!({ "C": { "Type": "Choice", "Choices": [{ "Variable": "$.x", "NumericEquals": 1, "Next": "E" }] }, "E": end() }),
        json!({ "x": 2 }),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 ChoiceStateEntered C",
            "3<2 ExecutionFailed",
        ],
    );
    assert_eq!(run.error().0, "States.NoChoiceMatched");
}

#[test]
fn a_failed_jsonata_expression_has_an_event_of_its_own() {
    let run = check(
        json!({ "A": { "Type": "Pass", "Next": "B" },
            "B": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $nothing %}", "End": true } }),
        json!({}),
        &[],
        &[
            "1<0 ExecutionStarted",
            "2<0 PassStateEntered A",
            "3<2 PassStateExited A",
            "4<3 PassStateEntered B",
            "5<3 EvaluationFailed",
            "6<5 ExecutionFailed",
        ],
    );
    assert_eq!(run.error().0, "States.QueryEvaluationError");
}

#[test]
fn a_redriven_execution_goes_on_where_it_failed() {
    let task = |name: &str| flow(name, json!({ "Type": "Task", "Resource": FUNCTION, "End": true }));
    let states = json!({
        "A": { "Type": "Pass", "Next": "P" },
        "P": { "Type": "Parallel", "Branches": [task("X"), task("Y"), task("Z")], "End": true },
    });
    let run = check(
        states,
        json!({}),
        &[
            Step::OkOf("X", json!("x")),
            Step::ErrOf("Y", "E", "C"),
            Step::Redrive,
            Step::OkOf("Y", json!("y")),
            Step::OkOf("Z", json!("z")),
        ],
        &[
            "1<0 ExecutionStarted",
            "2<0 PassStateEntered A",
            "3<2 PassStateExited A",
            "4<3 ParallelStateEntered P",
            "5<4 ParallelStateStarted",
            "6<5 TaskStateEntered X",
            "7<6 LambdaFunctionScheduled",
            "8<7 LambdaFunctionStarted",
            "9<5 TaskStateEntered Y",
            "10<9 LambdaFunctionScheduled",
            "11<10 LambdaFunctionStarted",
            "12<5 TaskStateEntered Z",
            "13<12 LambdaFunctionScheduled",
            "14<13 LambdaFunctionStarted",
            "15<8 LambdaFunctionSucceeded",
            "16<15 TaskStateExited X",
            "17<11 LambdaFunctionFailed",
            "18<14 TaskStateAborted",
            "19<17 ParallelStateFailed",
            "20<19 ExecutionFailed",
            "21<20 ExecutionRedriven",
            "22<21 LambdaFunctionScheduled",
            "23<22 LambdaFunctionStarted",
            "24<21 LambdaFunctionScheduled",
            "25<24 LambdaFunctionStarted",
            "26<23 LambdaFunctionSucceeded",
            "27<26 TaskStateExited Y",
            "28<25 LambdaFunctionSucceeded",
            "29<28 TaskStateExited Z",
            "30<29 ParallelStateSucceeded",
            "31<29 ParallelStateExited P",
            "32<31 ExecutionSucceeded",
        ],
    );
    assert_eq!(run.output(), json!(["x", "y", "z"]));
    assert_eq!(run.execution.redrive_count(), 1);
}

#[test]
fn a_stopped_execution_can_be_redriven_and_a_finished_one_cannot() {
    let states = json!({ "W": wait(9) });
    let mut run = check(
        states,
        json!(1),
        &[Step::Stop, Step::Redrive, Step::Deadline],
        &[
            "1<0 ExecutionStarted",
            "2<0 WaitStateEntered W",
            "3<0 ExecutionAborted",
            "4<3 ExecutionRedriven",
            "5<4 WaitStateExited W",
            "6<5 ExecutionSucceeded",
        ],
    );
    assert!(run.fact(sluice_engine::Fact::Redriven).is_err());
}

/// A state that goes on after a redrive keeps the time at which it was entered, so the context tells the redrive's too.
#[test]
fn the_context_tells_the_time_of_a_redrive() {
    for (steps, expected) in [
        (vec![Step::Deadline], json!([false, 0])),
        (vec![Step::Stop, Step::Redrive, Step::Deadline], json!([true, 1])),
    ] {
        let told = "{% [$exists($states.context.Execution.RedriveTime), $states.context.Execution.RedriveCount] %}";
        let mut run = Run::started(
            &json!({ "QueryLanguage": "JSONata", "StartAt": "W", "States": {
                "W": { "Type": "Wait", "Seconds": 9, "Next": "P" },
                "P": { "Type": "Pass", "Output": told, "End": true } } }),
            json!({}),
        );
        for step in &steps {
            run.step(step);
        }
        assert_eq!(run.output(), expected);
    }
}

#[test]
fn inner_scopes_see_outer_variables_and_keep_their_own() {
    let run = Run::started(
        &json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Assign": { "outer": 1 }, "Next": "P" },
            "P": { "Type": "Parallel", "Branches": [{ "StartAt": "B", "States": {
                "B": { "Type": "Pass", "Assign": { "inner": "{% $outer + 1 %}" }, "Next": "C" },
                "C": { "Type": "Pass", "Output": "{% [$outer, $inner] %}", "End": true } } }],
                "Assign": { "branches": "{% $states.result %}" }, "Next": "Z" },
            "Z": { "Type": "Pass", "Output": "{% { 'outer': $outer, 'inner': $exists($states.input), 'branches': $branches } %}", "End": true } } }),
        json!({}),
    );
    assert_eq!(run.output(), json!({ "outer": 1, "inner": true, "branches": [[1, 2]] }));
}
