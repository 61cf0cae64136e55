//! Map Runs, and redriving executions.

use serde_json::{Value, json};

use super::world::World;
use super::{advance, arn, refused};

/// Three items, one at a time; each waits for ten seconds, and fails for what is not a number.
const MAP: &str = r#"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"Label":"L","MaxConcurrency":1,
    "ToleratedFailureCount":1,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"W","States":{"W":{"Type":"Wait","Seconds":10,"Next":"C"},
    "C":{"Type":"Choice","Choices":[{"Variable":"$","IsNumeric":true,"Next":"P"}],"Default":"F"},
    "P":{"Type":"Pass","End":true},"F":{"Type":"Fail","Error":"E"}}}}}}"#;

const FAILS: &str = r#"{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"c"}}}"#;

async fn start(world: &World, machine: &str, input: &Value) -> String {
    let request = json!({ "stateMachineArn": machine, "input": input.to_string() });
    world.states_ok("StartExecution", request).await["executionArn"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_map_run_is_listed_and_described_while_it_runs_and_after() {
    let world = World::new();
    let machine = world.machine("m", MAP).await;
    let execution = start(&world, &machine, &json!([1, "x", 3])).await;
    let listed = world
        .states_ok("ListMapRuns", json!({ "executionArn": execution }))
        .await;
    let [run] = &listed["mapRuns"].as_array().unwrap()[..] else {
        panic!("{listed}")
    };
    let run_arn = run["mapRunArn"].as_str().unwrap();
    assert!(run_arn.starts_with(&arn("mapRun", "m/L:")), "{run_arn}");
    assert_eq!(
        *run,
        json!({
            "executionArn": execution, "stateMachineArn": machine, "mapRunArn": run_arn, "startDate": 1_795_354_020.0,
        })
    );
    let counts = |[pending, running, succeeded, failed]: [i32; 4]| {
        json!({
            "pending": pending, "running": running, "succeeded": succeeded, "failed": failed, "timedOut": 0,
            "aborted": 0, "total": 3, "resultsWritten": 0, "failuresNotRedrivable": 0, "pendingRedrive": 0,
        })
    };
    let request = json!({ "mapRunArn": run_arn });
    let described = world.states_ok("DescribeMapRun", request.clone()).await;
    assert_eq!(
        described,
        json!({
            "mapRunArn": run_arn, "executionArn": execution, "status": "RUNNING", "startDate": 1_795_354_020.0,
            "maxConcurrency": 1, "toleratedFailurePercentage": 0.0, "toleratedFailureCount": 1, "redriveCount": 0,
            "itemCounts": counts([2, 1, 0, 0]), "executionCounts": counts([2, 1, 0, 0]),
        })
    );
    let update = json!({ "mapRunArn": run_arn, "maxConcurrency": 2, "toleratedFailurePercentage": 40.5 });
    world.states_ok("UpdateMapRun", update.clone()).await;
    let described = world.states_ok("DescribeMapRun", request.clone()).await;
    assert_eq!(
        (
            &described["maxConcurrency"],
            &described["toleratedFailurePercentage"],
            &described["itemCounts"]
        ),
        (&json!(2), &json!(40.5), &counts([1, 2, 0, 0]))
    );
    for _ in 0..3 {
        advance(&world, 10).await;
    }
    let described = world.states_ok("DescribeMapRun", request).await;
    assert_eq!(
        (&described["status"], &described["stopDate"], &described["itemCounts"]),
        (&json!("SUCCEEDED"), &json!(1_795_354_040.0), &counts([0, 0, 2, 1]))
    );
    let message = format!("Only a Map Run that is running can be updated: '{run_arn}' is over.");
    refused(&world, "UpdateMapRun", update, "ValidationException", &message).await;
}

#[tokio::test]
async fn map_runs_that_are_not_there_are_told_so() {
    let world = World::new();
    let (run, execution) = (arn("mapRun", "m/L:x"), arn("execution", "m:x"));
    let rows = [
        (
            "DescribeMapRun",
            json!({ "mapRunArn": run }),
            "ResourceNotFound",
            format!("Resource not found: '{run}'"),
        ),
        (
            "DescribeMapRun",
            json!({ "mapRunArn": execution }),
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: execution'".to_owned(),
        ),
        (
            "UpdateMapRun",
            json!({ "mapRunArn": run, "maxConcurrency": 1 }),
            "ResourceNotFound",
            format!("Resource not found: '{run}'"),
        ),
        (
            "ListMapRuns",
            json!({ "executionArn": execution }),
            "ExecutionDoesNotExist",
            format!("Execution Does Not Exist: '{execution}'"),
        ),
    ];
    for (operation, request, code, message) in rows {
        refused(&world, operation, request, code, &message).await;
    }
}

#[tokio::test]
async fn a_failed_execution_is_redriven_and_says_so() {
    let world = World::new();
    let machine = world.machine("m", FAILS).await;
    let execution = start(&world, &machine, &json!({})).await;
    let describe = || world.states_ok("DescribeExecution", json!({ "executionArn": execution }));
    let before = describe().await;
    assert_eq!(
        (
            &before["status"],
            &before["redriveStatus"],
            &before["redriveCount"],
            before.get("redriveDate")
        ),
        (&json!("FAILED"), &json!("REDRIVABLE"), &json!(0), None)
    );
    let listed = async |filter: &str| {
        let request = json!({ "stateMachineArn": machine, "redriveFilter": filter });
        let listed = world.states_ok("ListExecutions", request).await;
        listed["executions"].as_array().unwrap().clone()
    };
    assert_eq!(
        (listed("REDRIVEN").await.len(), listed("NOT_REDRIVEN").await.len()),
        (0, 1)
    );

    advance(&world, 5).await;
    let request = json!({ "executionArn": execution, "clientToken": "once" });
    let redriven = world.states_ok("RedriveExecution", request.clone()).await;
    assert_eq!(redriven, json!({ "redriveDate": 1_795_354_025.0 }));
    advance(&world, 5).await;
    assert_eq!(
        world.states_ok("RedriveExecution", request).await,
        redriven,
        "the same token"
    );
    let after = describe().await;
    assert_eq!(
        (&after["redriveCount"], &after["redriveDate"]),
        (&json!(1), &json!(1_795_354_025.0))
    );
    assert_eq!(
        (listed("REDRIVEN").await.len(), listed("NOT_REDRIVEN").await.len()),
        (1, 0)
    );
    assert_eq!(listed("REDRIVEN").await[0]["redriveDate"], json!(1_795_354_025.0));
    let again = world
        .states_ok(
            "RedriveExecution",
            json!({ "executionArn": execution, "clientToken": "twice" }),
        )
        .await;
    assert_eq!(again, json!({ "redriveDate": 1_795_354_030.0 }));

    advance(&world, 15 * 86_400).await;
    let described = describe().await;
    let period = "Execution redrivable period exceeded";
    assert_eq!(
        (&described["redriveStatus"], &described["redriveStatusReason"]),
        (&json!("NOT_REDRIVABLE"), &json!(period))
    );
    let request = json!({ "executionArn": execution });
    refused(&world, "RedriveExecution", request, "ExecutionNotRedrivable", period).await;
}
