//! What the services of this machine do, in numbers.

use serde_json::json;

use super::{SECONDS, ok};
use crate::endpoint::testing::{PASS, World};

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
        .ended(started["executionArn"].as_str().unwrap())
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
