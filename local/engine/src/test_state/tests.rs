use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::State;
use sluice_asl::eval::StopSignal;

use super::{ErrorHandler, Inspection, StateTest, TestProgress, TestReport, TestStatus};

fn test(state: &Value, input: Value) -> StateTest {
    let state = State::parse("StateName", &state.to_string()).expect("a valid state");
    StateTest {
        state: Arc::new(state),
        input: Arc::new(input),
        context: json!({ "Execution": { "Name": "e" } }),
        variables: [(Arc::from("v"), Arc::new(json!(7)))].into(),
        at: 1_000,
        seed: [1, 2],
        retries: 0,
        read_items: None,
        stop: StopSignal::new(),
        evaluator: super::TestEvaluator::default(),
    }
}

/// The data that a state is given when it asks.
enum Given {
    Nothing,
    Result(Value),
    Gathered(Value, u64),
    Error(&'static str),
}

fn report(test: StateTest, given: Given) -> TestReport {
    match (test.start(), given) {
        (TestProgress::Ended(report), Given::Nothing) => *report,
        (TestProgress::Waits(_, test), Given::Nothing) => test.waited(),
        (TestProgress::Calls(_, test), Given::Result(result)) => test.succeed(result),
        (TestProgress::Gathers(test), Given::Gathered(result, failed)) => test.gather(result, failed),
        (TestProgress::Calls(_, test) | TestProgress::Gathers(test), Given::Error(error)) => {
            test.fail(Some(error.into()), Some("c".into()))
        }
        (progress, _) => panic!("the state asks for something else: {progress:?}"),
    }
}

/// `status output next` or `status error`.
fn shown(status: &TestStatus) -> String {
    let next = |next: &Option<Arc<str>>| next.as_ref().map_or_else(|| "end".to_owned(), ToString::to_string);
    match status {
        TestStatus::Succeeded { output, next: to } => format!("ok {output} -> {}", next(to)),
        TestStatus::Failed(error) => format!("failed {}", error.error.as_deref().unwrap_or("-")),
        TestStatus::Retriable(error) => format!("retriable {}", error.error.as_deref().unwrap_or("-")),
        TestStatus::Caught { error, output, next } => {
            format!("caught {} {output} -> {next}", error.error.as_deref().unwrap_or("-"))
        }
    }
}

fn check(state: Value, input: Value, given: Given, expected: &str) -> Inspection {
    let report = report(test(&state, input), given);
    assert_eq!(shown(&report.status), expected, "{state}");
    report.inspection
}

/// The steps that an inspection shows, besides the input and the variables.
fn steps(inspection: &Inspection) -> Value {
    let mut shown = serde_json::Map::new();
    for (name, value) in [
        ("inputPath", &inspection.after_input_path),
        ("parameters", &inspection.after_parameters),
        ("arguments", &inspection.after_arguments),
        ("itemsPath", &inspection.after_items_path),
        ("itemSelector", &inspection.after_item_selector),
        ("itemBatcher", &inspection.after_item_batcher),
        ("result", &inspection.result),
        ("resultSelector", &inspection.after_result_selector),
        ("resultPath", &inspection.after_result_path),
    ] {
        if let Some(value) = value {
            shown.insert(name.to_owned(), (**value).clone());
        }
    }
    Value::Object(shown)
}

const TASK: &str = "arn:aws:states:::lambda:invoke";

#[test]
fn simple_states_end_by_themselves() {
    check(
        json!({"Type": "Succeed"}),
        json!({"a": 1}),
        Given::Nothing,
        r#"ok {"a":1} -> end"#,
    );
    check(
        json!({"Type": "Fail", "Error": "E"}),
        json!({}),
        Given::Nothing,
        "failed E",
    );
    check(
        json!({"Type": "Wait", "Seconds": 5, "OutputPath": "$.a", "Next": "N"}),
        json!({"a": 1}),
        Given::Nothing,
        "ok 1 -> N",
    );
    let choice = |value: u64| {
        check(
            json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "One"}]}),
            json!({"a": value}),
            Given::Nothing,
            if value == 1 {
                r#"ok {"a":1} -> One"#
            } else {
                "failed States.NoChoiceMatched"
            },
        )
    };
    choice(1);
    choice(2);
}

#[test]
fn a_wait_says_until_when() {
    let wait = test(&json!({"Type": "Wait", "Seconds": 5, "End": true}), json!({}));
    let TestProgress::Waits(until, _) = wait.start() else {
        panic!("a Wait waits");
    };
    assert_eq!(until, 6_000);
}

#[test]
fn every_step_of_the_data_is_seen() {
    let inspection = check(
        json!({"Type": "Pass", "InputPath": "$.a", "Parameters": {"x.$": "$.b"}, "ResultPath": "$.r", "End": true}),
        json!({"a": {"b": 1}}),
        Given::Nothing,
        r#"ok {"a":{"b":1},"r":{"x":1}} -> end"#,
    );
    assert_eq!(
        steps(&inspection),
        json!({
            "inputPath": {"b": 1}, "parameters": {"x": 1}, "resultSelector": {"x": 1},
            "resultPath": {"a": {"b": 1}, "r": {"x": 1}},
        })
    );
    let inspection = check(
        json!({"Type": "Pass", "Result": 5, "End": true}),
        json!({}),
        Given::Nothing,
        "ok 5 -> end",
    );
    assert_eq!(
        steps(&inspection),
        json!({"result": 5, "resultSelector": 5, "resultPath": 5})
    );
    let inspection = check(
        json!({
            "Type": "Task", "QueryLanguage": "JSONata", "Resource": TASK, "Arguments": {"x": "{% $v %}"},
            "Output": "{% $states.result.y & $states.context.Execution.Name %}", "Assign": {"w": 1}, "End": true,
        }),
        json!({}),
        Given::Result(json!({"y": "z"})),
        r#"ok "ze" -> end"#,
    );
    assert_eq!(steps(&inspection), json!({"arguments": {"x": 7}, "result": {"y": "z"}}));
    let names: Vec<&str> = inspection.variables.keys().map(|name| &**name).collect();
    assert_eq!(names, ["v", "w"]);
}

#[test]
fn a_map_shows_what_its_iterations_get() {
    let map = json!({
        "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ToleratedFailurePercentage": 40,
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "x.$": "$$.Map.Item.Value"},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Succeed"}},
        },
        "End": true,
    });
    let inspection = check(
        map.clone(),
        json!({"items": ["a", "b", "c"]}),
        Given::Gathered(json!([1, 2]), 0),
        "ok [1,2] -> end",
    );
    assert_eq!(
        steps(&inspection),
        json!({
            "inputPath": {"items": ["a", "b", "c"]},
            "itemsPath": ["a", "b", "c"],
            "itemSelector": [{"i": 0, "x": "a"}, {"i": 1, "x": "b"}, {"i": 2, "x": "c"}],
            "itemBatcher": [{"Items": [{"i": 0, "x": "a"}, {"i": 1, "x": "b"}]}, {"Items": [{"i": 2, "x": "c"}]}],
            "resultSelector": [1, 2],
            "resultPath": [1, 2],
        })
    );
    assert_eq!(inspection.max_concurrency, Some(2));
    assert_eq!(inspection.tolerated_failure_percentage, Some(40.0));
    check(
        map,
        json!({"items": ["a", "b", "c"]}),
        Given::Gathered(json!([1, 2]), 1),
        "failed States.ExceedToleratedFailureThreshold",
    );
}

#[test]
fn a_map_that_states_no_tolerance_leaves_failures_to_the_result() {
    let map = |more: Value| {
        let mut map = json!({
            "Type": "Map", "End": true,
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Succeed"}}},
        });
        if let (Value::Object(map), Value::Object(more)) = (&mut map, more) {
            map.extend(more);
        }
        map
    };
    for (state, failed, expected) in [
        (map(json!({})), 2, "ok [0,0,1] -> end"),
        (map(json!({"ToleratedFailureCount": 2})), 2, "ok [0,0,1] -> end"),
        (
            map(json!({"ToleratedFailureCount": 1})),
            2,
            "failed States.ExceedToleratedFailureThreshold",
        ),
    ] {
        check(
            state,
            json!([1, 2, 3]),
            Given::Gathered(json!([0, 0, 1]), failed),
            expected,
        );
    }
    check(map(json!({})), json!({}), Given::Nothing, "failed States.Runtime");
}

#[test]
fn selected_items_that_are_too_many_to_show_are_still_counted() {
    let map = json!({
        "Type": "Map", "End": true, "ItemSelector": {"all.$": "$"},
        "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Succeed"}}},
    });
    let items: Vec<u32> = (0..5_000).collect();
    let TestProgress::Gathers(test) = test(&map, json!(items)).start() else {
        panic!("a Map gathers");
    };
    assert_eq!(test.iterations(), Some(5_000));
    let report = test.gather(json!([]), 0);
    assert_eq!(report.inspection.after_item_selector, None);
}

#[test]
fn failures_meet_retriers_and_then_catchers() {
    let task = json!({
        "Type": "Task", "Resource": TASK, "End": true,
        "Retry": [
            {"ErrorEquals": ["Other"]},
            {"ErrorEquals": ["Mine"], "MaxAttempts": 2, "IntervalSeconds": 3, "JitterStrategy": "FULL"},
        ],
        "Catch": [
            {"ErrorEquals": ["Mine"], "ResultPath": "$.e", "Next": "M"},
            {"ErrorEquals": ["States.ALL"], "Next": "A"},
        ],
    });
    let retry = |index, backoff_seconds| Some(ErrorHandler::Retry { index, backoff_seconds });
    for (error, retries, expected, handler) in [
        ("Mine", 0, "retriable Mine", retry(1, 3)),
        ("Mine", 1, "retriable Mine", retry(1, 6)),
        (
            "Mine",
            2,
            r#"caught Mine {"a":1,"e":{"Error":"Mine","Cause":"c"}} -> M"#,
            Some(ErrorHandler::Catch { index: 0 }),
        ),
        ("Other", 0, "retriable Other", retry(0, 1)),
        (
            "Unknown",
            0,
            r#"caught Unknown {"Error":"Unknown","Cause":"c"} -> A"#,
            Some(ErrorHandler::Catch { index: 1 }),
        ),
        ("States.Runtime", 0, "failed States.Runtime", None),
    ] {
        let test = StateTest {
            retries,
            ..test(&task, json!({"a": 1}))
        };
        let report = report(test, Given::Error(error));
        assert_eq!(shown(&report.status), expected, "{error} after {retries}");
        assert_eq!(report.inspection.error_handler, handler, "{error} after {retries}");
    }
}

#[test]
fn results_and_outputs_have_a_size() {
    let task = json!({"Type": "Task", "Resource": TASK, "End": true});
    let large = "x".repeat(262_144);
    check(
        task,
        json!({}),
        Given::Result(json!(large)),
        "failed States.DataLimitExceeded",
    );
    check(
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $pad('', 262144, 'x') %}", "End": true}),
        json!({}),
        Given::Nothing,
        "failed States.DataLimitExceeded",
    );
}
