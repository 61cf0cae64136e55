//! The services of this machine in numbers.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_host::{InvocationStatus, LogRecord, LoggedRecord, Observer as _, UrlResponse};

use super::LambdaMetrics;
use crate::endpoint::testing::{NOW, PASS, World};

const SECONDS: i64 = NOW / 1_000;

async fn ok(world: &World, operation: &str, request: Value) -> Value {
    let target = format!("GraniteServiceVersion20100801.{operation}");
    let reply = world.target(&target, request.to_string()).await;
    assert_eq!(reply.status, 200, "{operation} {request}: {}", reply.text);
    reply.json()
}

/// `Sum` and `SampleCount` of a metric, over the last and the next hours.
async fn sums(world: &World, namespace: &str, name: &str, dimensions: Value) -> Option<(f64, f64)> {
    let request = json!({ "Namespace": namespace, "MetricName": name, "Dimensions": dimensions,
        "StartTime": SECONDS - 86_400, "EndTime": SECONDS + 86_400, "Period": 3_600, "Statistics": ["Sum", "SampleCount"] });
    let answer = ok(world, "GetMetricStatistics", request).await;
    let points = answer["Datapoints"].as_array().unwrap();
    let all = |member: &str| points.iter().map(|point| point[member].as_f64().unwrap()).sum();
    (!points.is_empty()).then(|| (all("Sum"), all("SampleCount")))
}

fn record(status: InvocationStatus, lines: &[&str]) -> LogRecord {
    LogRecord {
        sequence: 0,
        request_id: Some(uuid::Uuid::nil()),
        log_stream: "stream".into(),
        version: "$LATEST".into(),
        started_at_ms: NOW.unsigned_abs(),
        duration: Duration::from_millis(20),
        init_duration: None,
        billed_ms: 20,
        memory_size_mb: 128,
        max_memory_mb: None,
        status,
        before: Vec::new(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        platform: Vec::new(),
        dropped: 0,
    }
}

#[tokio::test]
async fn functions_are_counted_by_name_and_for_the_account() {
    let world = World::new();
    let lambda = LambdaMetrics::new(&world.services.metrics);
    let at_ms = NOW.unsigned_abs();
    for (function, status, in_flight) in [
        ("f", InvocationStatus::Success, 1),
        ("f", InvocationStatus::Timeout, 2),
        ("g", InvocationStatus::Failure("Runtime.ExitError"), 1),
    ] {
        lambda.logged(&LoggedRecord {
            function,
            record: &record(status, &["plain"]),
            in_flight,
            all_in_flight: 3,
            unreserved_in_flight: 2,
            at_ms,
        });
    }
    lambda.throttled("f", at_ms);
    // what an instance wrote without an invocation is none
    let mut orphan = record(InvocationStatus::Success, &[]);
    orphan.request_id = None;
    let logged = LoggedRecord {
        function: "f",
        record: &orphan,
        in_flight: 0,
        all_in_flight: 0,
        unreserved_in_flight: 0,
        at_ms,
    };
    lambda.logged(&logged);
    for status in [200, 404, 502] {
        lambda.url_responded(&UrlResponse {
            function: "f",
            at_ms,
            status,
            latency: Duration::from_millis(7),
        });
    }
    let of_f = json!([{ "Name": "FunctionName", "Value": "f" }]);
    for (name, dimensions, expected) in [
        ("Invocations", &of_f, (2.0, 2.0)),
        ("Errors", &of_f, (1.0, 2.0)),
        ("Throttles", &of_f, (1.0, 3.0)),
        ("Duration", &of_f, (40.0, 2.0)),
        ("ConcurrentExecutions", &of_f, (3.0, 2.0)),
        ("Invocations", &json!([]), (3.0, 3.0)),
        ("Errors", &json!([]), (2.0, 3.0)),
        ("ConcurrentExecutions", &json!([]), (9.0, 3.0)),
        ("UnreservedConcurrentExecutions", &json!([]), (6.0, 3.0)),
        ("UrlRequestCount", &of_f, (3.0, 3.0)),
        ("Url4xxCount", &of_f, (1.0, 3.0)),
        ("Url5xxCount", &of_f, (1.0, 3.0)),
        ("UrlRequestLatency", &of_f, (21.0, 3.0)),
    ] {
        let found = sums(&world, "AWS/Lambda", name, dimensions.clone()).await;
        assert_eq!(found, Some(expected), "{name} {dimensions}");
    }
}

#[tokio::test]
async fn metrics_in_log_lines_are_recorded() {
    let world = World::new();
    let lambda = LambdaMetrics::new(&world.services.metrics);
    let line = |at: i64| {
        json!({ "_aws": { "Timestamp": at, "CloudWatchMetrics": [{ "Namespace": "Sluice", "Dimensions": [["Stack"]],
            "Metrics": [{ "Name": "PendingApprovals", "Unit": "Count" }, { "Name": "Ages" }] }] },
            "Stack": "sluice", "PendingApprovals": 3, "Ages": [1, 2.5] })
        .to_string()
    };
    let week = 7 * 86_400_000;
    let lines = [
        line(NOW),
        line(NOW - 3_600_000),
        line(NOW + week),
        "{\"_aws\":{\"CloudWatchMetrics\":3}}".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lambda.logged(&LoggedRecord {
        function: "f",
        record: &record(InvocationStatus::Success, &lines),
        in_flight: 1,
        all_in_flight: 1,
        unreserved_in_flight: 1,
        at_ms: NOW.unsigned_abs(),
    });
    let stack = json!([{ "Name": "Stack", "Value": "sluice" }]);
    // a week ahead is not taken
    assert_eq!(
        sums(&world, "Sluice", "PendingApprovals", stack.clone()).await,
        Some((6.0, 2.0))
    );
    assert_eq!(sums(&world, "Sluice", "Ages", stack).await, Some((7.0, 4.0)));
}

#[tokio::test]
async fn executions_and_tables_are_counted() {
    let world = World::with_functions([("f", |_| Ok(b"1".to_vec()))]);
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let task = json!({ "StartAt": "T", "States": { "T": { "Type": "Task", "Resource": function, "Next": "F" },
        "F": { "Type": "Fail" } } });
    assert_eq!(world.run(PASS, &json!({})).await["status"], "SUCCEEDED");
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:run";
    world
        .states_ok(
            "UpdateStateMachine",
            json!({ "stateMachineArn": machine, "definition": task.to_string() }),
        )
        .await;
    let started = world
        .states_ok("StartExecution", json!({ "stateMachineArn": machine }))
        .await;
    world
        .services
        .driver
        .executions()
        .wait_for_end(started["executionArn"].as_str().unwrap())
        .await
        .unwrap();

    let table = json!({ "TableName": "tab", "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }], "BillingMode": "PAY_PER_REQUEST" });
    for (operation, request, status) in [
        ("CreateTable", table, 200),
        (
            "PutItem",
            json!({ "TableName": "tab", "Item": { "id": { "S": "a" }, "text": { "S": "x".repeat(1_500) } } }),
            200,
        ),
        (
            "PutItem",
            json!({ "TableName": "tab", "Item": { "id": { "S": "a" } }, "ConditionExpression": "attribute_not_exists(id)" }),
            400,
        ),
        (
            "GetItem",
            json!({ "TableName": "tab", "Key": { "id": { "S": "a" } } }),
            200,
        ),
        (
            "BatchWriteItem",
            json!({ "RequestItems": { "tab": [{ "PutRequest": { "Item": { "id": { "S": "b" } } } }] } }),
            200,
        ),
        (
            "TransactWriteItems",
            json!({ "TransactItems": [{ "Put": { "TableName": "tab", "Item": { "id": { "S": "c" } } } }] }),
            200,
        ),
    ] {
        let reply = world
            .target(&format!("DynamoDB_20120810.{operation}"), request.to_string())
            .await;
        assert_eq!(reply.status, status, "{operation}: {}", reply.text);
        assert!(!reply.text.contains("ConsumedCapacity"), "{}", reply.text);
    }

    let sum = async |namespace: &str, name: &str, dimension: &str, value: &str| {
        let request = json!({ "Namespace": namespace, "MetricName": name, "Dimensions": [{ "Name": dimension, "Value": value }],
            "StartTime": SECONDS - 60, "EndTime": SECONDS + 60, "Period": 60, "Statistics": ["Sum", "SampleCount"] });
        let answer = ok(&world, "GetMetricStatistics", request).await;
        (
            answer["Datapoints"][0]["Sum"].as_f64(),
            answer["Datapoints"][0]["SampleCount"].as_f64(),
        )
    };
    for (name, total, count) in [
        ("ExecutionsStarted", 2.0, 2.0),
        ("ExecutionsSucceeded", 1.0, 2.0),
        ("ExecutionsFailed", 1.0, 2.0),
        ("ExecutionsAborted", 0.0, 2.0),
        ("ExecutionTime", 0.0, 2.0),
    ] {
        assert_eq!(
            sum("AWS/States", name, "StateMachineArn", machine).await,
            (Some(total), Some(count)),
            "{name}"
        );
    }
    for (name, total) in [
        ("LambdaFunctionsScheduled", 1.0),
        ("LambdaFunctionsStarted", 1.0),
        ("LambdaFunctionsSucceeded", 1.0),
        ("LambdaFunctionsFailed", 0.0),
    ] {
        assert_eq!(
            sum("AWS/States", name, "LambdaFunctionArn", function).await.0,
            Some(total),
            "{name}"
        );
    }
    // 1.5 KB are two units, one item each by the batch, double by the transaction
    for (name, total) in [
        ("ConsumedWriteCapacityUnits", 5.0),
        ("ConsumedReadCapacityUnits", 0.5),
        ("ConditionalCheckFailedRequests", 1.0),
    ] {
        assert_eq!(
            sum("AWS/DynamoDB", name, "TableName", "tab").await.0,
            Some(total),
            "{name}"
        );
    }
}
