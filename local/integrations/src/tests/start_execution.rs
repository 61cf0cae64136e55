use serde_json::{Value, json};
use sluice_service_testing::PASS;

use super::world::World;
use super::{run, world};

const START: &str = "arn:aws:states:::states:startExecution";
const FAIL: &str = r#"{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Bad","Cause":"luck"}}}"#;

async fn child(definition: &str) -> (World, String) {
    let world = world();
    let child = world.machine("child", definition).await;
    (world, child)
}

fn execution(name: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:execution:child:{name}")
}

#[tokio::test]
async fn sync_answers_the_childs_description_and_sync_2_its_data() {
    let (world, child) = child(PASS).await;
    let arguments = |name: &str| json!({ "StateMachineArn": child, "Name": name, "Input": { "a": 1 } });
    let described = |name: &str, data: Value| {
        json!({
            "ExecutionArn": execution(name), "Input": data, "InputDetails": { "Included": true }, "Name": name,
            "Output": data, "OutputDetails": { "Included": true }, "StartDate": 1_795_354_020_000_i64,
            "StateMachineArn": child, "Status": "SUCCEEDED", "StopDate": 1_795_354_020_000_i64,
        })
    };
    let output = run(&world, &format!("{START}.sync"), arguments("one")).await;
    assert_eq!(output, Ok(described("one", json!("{\"a\":1}"))));
    let output = run(&world, &format!("{START}.sync:2"), arguments("two")).await;
    assert_eq!(output, Ok(described("two", json!({ "a": 1 }))));
}

#[tokio::test]
async fn a_child_that_fails_fails_the_task_with_its_description() {
    let (world, child) = child(FAIL).await;
    let arguments = json!({ "StateMachineArn": child, "Name": "one" });
    let (error, cause) = run(&world, &format!("{START}.sync:2"), arguments).await.unwrap_err();
    assert_eq!(error, "States.TaskFailed");
    assert_eq!(
        serde_json::from_str::<Value>(&cause).unwrap(),
        json!({
            "Cause": "luck", "Error": "Bad", "ExecutionArn": execution("one"), "Input": "{}",
            "InputDetails": { "Included": true }, "Name": "one", "StartDate": 1_795_354_020_000_i64,
            "StateMachineArn": child, "Status": "FAILED", "StopDate": 1_795_354_020_000_i64,
        })
    );
}

#[tokio::test]
async fn a_start_that_is_refused_is_named_after_the_sdks_exception() {
    let (world, child) = child(PASS).await;
    let arguments = json!({ "StateMachineArn": child, "Name": "one", "Input": 1 });
    run(&world, START, arguments.clone()).await.unwrap();
    for (resource, error) in [
        (START.to_owned(), "StepFunctions.ExecutionAlreadyExistsException"),
        (format!("{START}.sync"), "StepFunctions.ExecutionAlreadyExistsException"),
    ] {
        assert_eq!(run(&world, &resource, arguments.clone()).await.unwrap_err().0, error);
    }
    // absent altogether it would be refused with the definition
    let arguments = json!({ "StateMachineArn": null, "Name": "one" });
    assert_eq!(
        run(&world, START, arguments).await.unwrap_err(),
        (
            "States.Runtime".to_owned(),
            "The Parameters '{\"StateMachineArn\":null,\"Name\":\"one\"}' could not be used to start the Task: [The field \
             'StateMachineArn' is required but was missing]"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn step_functions_own_api_is_called_with_the_sdks_names() {
    let (world, child) = child(PASS).await;
    let sfn = |action: &str| format!("arn:aws:states:::aws-sdk:sfn:{action}");
    let arguments = json!({ "StateMachineArn": child, "Name": "one", "Input": null });
    let output = run(&world, &sfn("startExecution"), arguments).await;
    let started = json!({ "ExecutionArn": execution("one"), "StartDate": "2026-11-22T13:27:00Z" });
    assert_eq!(output, Ok(started));
    let output = run(&world, &sfn("listExecutions"), json!({ "StateMachineArn": child })).await;
    assert_eq!(output.unwrap()["Executions"][0]["Name"], "one");

    let arguments = json!({ "TaskToken": "NoSuchTaskToken", "Output": "not json" });
    let (error, cause) = run(&world, &sfn("sendTaskSuccess"), arguments).await.unwrap_err();
    assert_eq!(error, "Sfn.InvalidTokenException");
    let (begin, end) = (
        "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ",
        ") (SDK Attempt Count: 1)",
    );
    assert!(cause.starts_with(begin) && cause.ends_with(end), "{cause}");
    let arguments = json!({ "StateMachineArn": child, "Input": { "a": 1 } });
    let (error, cause) = run(&world, &sfn("startExecution"), arguments).await.unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.ends_with("[The value for the field 'Input' must be a STRING]"),
        "{cause}"
    );
}

#[tokio::test]
async fn sdk_integrations_answer_without_the_metadata_of_http() {
    let world = world();
    let invoke = "arn:aws:states:::aws-sdk:lambda:invoke";
    let output = run(
        &world,
        invoke,
        json!({ "FunctionName": "echo", "Payload": "{\"a\":1}" }),
    )
    .await;
    let expected = json!({ "ExecutedVersion": "$LATEST", "Payload": "{\"a\":1}", "StatusCode": 200 });
    assert_eq!(output, Ok(expected));
    let output = run(&world, invoke, json!({ "FunctionName": "broken" })).await.unwrap();
    assert_eq!(output["FunctionError"], "Unhandled", "a failed function is an answer");
    let (error, cause) = run(&world, invoke, json!({ "FunctionName": "gone" }))
        .await
        .unwrap_err();
    assert_eq!(error, "Lambda.ResourceNotFoundException");
    assert!(
        cause.contains("(Service: Lambda, Status Code: 404, Request ID: "),
        "{cause}"
    );

    let publish = json!({ "TopicArn": "arn:aws:sns:us-east-1:000000000000:none", "Message": "m" });
    let (error, _) = run(&world, "arn:aws:states:::aws-sdk:sns:publish", publish)
        .await
        .unwrap_err();
    assert_eq!(error, "Sns.NotFoundException");

    let table = json!({
        "TableName": "entries", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
    });
    world.dynamodb.ensure_table(&table, None).unwrap();
    let dynamodb = |action: &str| format!("arn:aws:states:::aws-sdk:dynamodb:{action}");
    let put = json!({ "TableName": "entries", "Item": { "id": { "S": "a" } }, "ConditionExpression": "attribute_not_exists(id)" });
    assert_eq!(run(&world, &dynamodb("putItem"), put.clone()).await, Ok(json!({})));
    let (error, _) = run(&world, &dynamodb("putItem"), put).await.unwrap_err();
    assert_eq!(error, "DynamoDb.ConditionalCheckFailedException");
    let output = run(&world, &dynamodb("scan"), json!({ "TableName": "entries" }))
        .await
        .unwrap();
    assert_eq!(output["Items"], json!([{ "id": { "S": "a" } }]));
}
