use std::time::Duration;

use serde_json::{Value, json};
use sluice_clock::Clock as _;

use sluice_service_testing::ROLE;

use crate::tests::world::World;

const INVOKE: &str = "arn:aws:states:::lambda:invoke";

fn task(resource: &str) -> Value {
    json!({ "Type": "Task", "Resource": resource, "End": true })
}

/// A request; texts that hold JSON are given as JSON.
fn request(definition: &Value, more: Value) -> Value {
    let mut request = json!({ "definition": definition.to_string() });
    if let Value::Object(members) = more {
        for (name, value) in members {
            request[&name] = match name.as_str() {
                "input" | "context" | "variables" => json!(value.to_string()),
                _ => value,
            };
        }
    }
    request
}

async fn tested(world: &World, definition: &Value, more: Value) -> Value {
    world.states_ok("TestState", request(definition, more)).await
}

async fn refused(definition: &Value, more: Value, code: &str, message: &str) {
    let request = request(definition, more);
    let reply = World::new().states("TestState", request.clone()).await;
    let body = reply.json();
    assert_eq!(
        (reply.status, body["__type"].as_str(), body["message"].as_str()),
        (400, Some(code), Some(message)),
        "{request}"
    );
}

#[tokio::test]
async fn levels_say_how_much_is_shown() {
    let world = World::new();
    let pass = json!({ "Type": "Pass", "Next": "N" });
    let info = tested(&world, &pass, json!({ "input": { "a": 1 } })).await;
    assert_eq!(
        info,
        json!({ "output": r#"{"a":1}"#, "nextState": "N", "status": "SUCCEEDED" })
    );
    let more = json!({ "input": { "a": 1 }, "inspectionLevel": "DEBUG", "variables": { "v": 2 } });
    let debug = tested(&world, &pass, more).await;
    let text = r#"{"a":1}"#;
    assert_eq!(
        debug["inspectionData"],
        json!({
            "input": text, "afterInputPath": text, "afterParameters": text, "afterResultSelector": text,
            "afterResultPath": text, "variables": r#"{"v":2}"#,
        })
    );
}

#[tokio::test]
async fn a_state_of_a_machine_is_found_by_name() {
    let machine = json!({ "StartAt": "A", "QueryLanguage": "JSONata", "States": {
        "A": { "Type": "Pass", "Output": "{% $states.context.State.Name %}", "Next": "B" }, "B": { "Type": "Succeed" },
    }});
    let answer = tested(&World::new(), &machine, json!({ "stateName": "A" })).await;
    assert_eq!(
        answer,
        json!({ "output": r#""StateName""#, "nextState": "B", "status": "SUCCEEDED" })
    );
    let message = "State not found in definition";
    refused(&machine, json!({ "stateName": "C" }), "ValidationException", message).await;
}

#[tokio::test]
async fn a_wait_lasts_until_the_clock_shows_its_end_and_five_minutes_at_most() {
    let world = World::new();
    for (seconds, expected) in [
        (60, json!({ "output": "{}", "status": "SUCCEEDED" })),
        (301, json!({ "error": "States.Timeout", "status": "FAILED" })),
    ] {
        let wait = json!({ "Type": "Wait", "Seconds": seconds, "End": true });
        let clock = &world.clock;
        let moving = async {
            loop {
                tokio::task::yield_now().await;
                clock.advance(Duration::from_secs(10));
            }
        };
        let answer = tokio::select! {
            answer = tested(&world, &wait, json!({})) => answer,
            () = moving => unreachable!("the clock moves on"),
        };
        assert_eq!(answer, expected, "{seconds}");
    }
}

fn map() -> Value {
    json!({ "Type": "Map", "ItemProcessor": { "StartAt": "P", "States": { "P": { "Type": "Succeed" } } }, "End": true })
}

#[tokio::test]
async fn what_cannot_be_tested_is_refused() {
    let result = |text: &str| json!({ "mock": { "result": text } });
    for (definition, more, code, message) in [
        (
            task(INVOKE),
            json!({}),
            "ValidationException",
            "RoleArn must be specified when testing a Task state",
        ),
        (
            task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
            json!({ "roleArn": ROLE }),
            "InvalidDefinition",
            "TestState API does not support the '.waitForTaskToken' service integration pattern unless a mock is specified",
        ),
        (
            map(),
            json!({}),
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, \
             Succeed, Fail, Choice]",
        ),
        (
            json!({ "Type": "Succeed" }),
            result("{}"),
            "ValidationException",
            "State type 'Succeed' is not supported when a mock is specified",
        ),
        (
            task(INVOKE),
            result("no JSON"),
            "ValidationException",
            "Mocked result must be valid JSON",
        ),
        (
            task(INVOKE),
            json!({ "mock": { "result": "{}", "errorOutput": { "error": "E" } } }),
            "ValidationException",
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
    ] {
        refused(&definition, more, code, message).await;
    }
}

#[tokio::test]
async fn requests_that_do_not_fit_their_state_are_refused() {
    let map = map();
    for (definition, more, code, message) in [
        (
            map.clone(),
            json!({ "input": [1], "mock": { "result": "[1]" }, "stateConfiguration": { "mapIterationFailureCount": 2 } }),
            "ValidationException",
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ),
        (
            map,
            json!({ "input": [1], "mock": { "errorOutput": { "error": "E" } },
                "stateConfiguration": { "errorCausedByState": "Q" } }),
            "ValidationException",
            "State not found in definition",
        ),
        (
            task(INVOKE),
            json!({ "mock": { "result": "{}" }, "context": { "State": { "Color": 1 } } }),
            "ValidationException",
            "Invalid Context object provided: Field 'Color' is not allowed",
        ),
        (
            task(INVOKE),
            json!({ "mock": { "result": "{}" }, "context": { "Task": { "Token": "t" } } }),
            "ValidationException",
            "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a \
             '.sync' or '.waitForTaskToken' service integration pattern",
        ),
        (
            json!({ "Type": "Task", "End": true }),
            json!({}),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at \
             /States/StateName'",
        ),
        (
            json!({ "Type": "Succeed" }),
            json!({ "inspectionLevel": "ALL" }),
            "ValidationException",
            "1 validation error detected: Value 'ALL' at 'inspectionLevel' failed to satisfy constraint: Member must \
             satisfy enum value set: [INFO, DEBUG, TRACE]",
        ),
    ] {
        refused(&definition, more, code, message).await;
    }
}

#[tokio::test]
async fn the_error_of_a_mock_is_retried_caught_or_fails_the_state() {
    let world = World::new();
    let mut state = task(INVOKE);
    state["Retry"] = json!([{ "ErrorEquals": ["E"], "MaxAttempts": 1 }]);
    let more = |retries: u64| {
        json!({ "inspectionLevel": "DEBUG", "mock": { "errorOutput": { "error": "E", "cause": "c" } },
            "stateConfiguration": { "retrierRetryCount": retries } })
    };
    let answer = tested(&world, &state, more(0)).await;
    assert_eq!(answer["status"], "RETRIABLE");
    assert_eq!(
        answer["inspectionData"]["errorDetails"],
        json!({ "retryIndex": 0, "retryBackoffIntervalSeconds": 1 })
    );
    let answer = tested(&world, &state, more(1)).await;
    assert_eq!((&answer["status"], &answer["error"]), (&json!("FAILED"), &json!("E")));
    state["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "Next": "N" }]);
    let answer = tested(&world, &state, more(1)).await;
    assert_eq!(
        (&answer["status"], &answer["nextState"], &answer["output"]),
        (
            &json!("CAUGHT_ERROR"),
            &json!("N"),
            &json!(r#"{"Error":"E","Cause":"c"}"#)
        )
    );
    assert_eq!(answer["inspectionData"]["errorDetails"], json!({ "catchIndex": 0 }));
}

#[tokio::test]
async fn what_a_reader_would_read_are_the_items() {
    let reader = |config: Value| {
        json!({ "Type": "Map", "End": true, "ItemSelector": { "x.$": "$$.Map.Item.Value" },
            "ItemReader": { "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
                "Parameters": { "Bucket": "b", "Key": "k" } },
            "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                "StartAt": "P", "States": { "P": { "Type": "Succeed" } } } })
    };
    let world = World::new();
    for (config, data, expected) in [
        (
            json!({ "InputType": "JSON" }),
            "[1, 2]",
            json!([{ "x": 1 }, { "x": 2 }]),
        ),
        (
            json!({ "InputType": "JSONL" }),
            "1\n\n2\n",
            json!([{ "x": 1 }, { "x": 2 }]),
        ),
        (
            json!({ "InputType": "JSON", "MaxItems": 1 }),
            "[1, 2]",
            json!([{ "x": 1 }]),
        ),
        (
            json!({ "InputType": "JSON", "ItemsPointer": "/a" }),
            r#"{"a": [3]}"#,
            json!([{ "x": 3 }]),
        ),
    ] {
        let more = json!({ "inspectionLevel": "TRACE", "mock": { "result": "[]" },
            "stateConfiguration": { "mapItemReaderData": data } });
        let answer = tested(&world, &reader(config), more).await;
        let data = &answer["inspectionData"];
        assert_eq!(data["afterItemSelector"], json!(expected.to_string()), "{data}");
    }
}

#[tokio::test]
async fn an_expression_that_nests_too_deeply_fails_its_state_only() {
    let state = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "End": true,
        "Output": "{% ($f := function($x) { 1 + $f($x + 1) }; $f(1)) %}" });
    let answer = tested(&World::new(), &state, json!({})).await;
    assert_eq!(answer["error"], "States.QueryEvaluationError", "{answer}");
}

#[tokio::test]
async fn an_endless_expression_is_stopped() {
    let state = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "End": true,
        "Output": "{% ($f := function($x) { $f($x + 1) }; $f(1)) %}" });
    let message = "The state's expressions take too long or too much memory to be evaluated";
    refused(&state, json!({}), "ValidationException", message).await;
}
