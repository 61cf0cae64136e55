mod start_execution;
mod test_state;
mod world;

use serde_json::{Value, json};
use sluice_service_testing::Fault;

use world::World;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:";

pub(crate) fn world() -> World {
    World::with_functions([
        ("echo", |event| Ok(event.to_vec())),
        ("nothing", |_| Ok(Vec::new())),
        ("large", |_| Ok(format!("\"{}\"", "x".repeat(300_000)).into_bytes())),
        ("text", |_| Ok(b"not json".to_vec())),
        ("broken", |_| {
            Err(Fault::Function(r#"{"errorType":"MyError","errorMessage":"m"}"#))
        }),
        ("untyped", |_| Err(Fault::Function(r#"{"errorMessage":"m"}"#))),
        ("busy", |_| Err(Fault::Throttled)),
    ])
}

fn task(resource: &str, parameters: &Value) -> String {
    let task = json!({ "Type": "Task", "Resource": resource, "Parameters": parameters, "End": true });
    json!({ "StartAt": "T", "States": { "T": task } }).to_string()
}

/// Runs one task in a machine of its own and answers its output, or its error and cause.
pub(crate) async fn run(world: &World, resource: &str, parameters: Value) -> Result<Value, (String, String)> {
    let machine = task(resource, &parameters);
    let name = format!("m{}", world.account.uuid().simple());
    let machine = world.machine(&name, &machine).await;
    let started = world
        .states_ok("StartExecution", json!({ "stateMachineArn": machine }))
        .await;
    let arn = started["executionArn"].as_str().unwrap();
    world.driver.executions().wait_for_end(arn).await.unwrap();
    let described = world
        .states_ok("DescribeExecution", json!({ "executionArn": arn }))
        .await;
    let text = |name: &str| described[name].as_str().unwrap_or_default().to_owned();
    match described["status"].as_str() {
        Some("SUCCEEDED") => Ok(serde_json::from_str(&text("output")).unwrap()),
        _ => Err((text("error"), text("cause"))),
    }
}

#[tokio::test]
async fn a_functions_answer_is_the_result_and_its_error_the_error() {
    let world = world();
    let arn = |name: &str| format!("{ARN}{name}");
    assert_eq!(
        run(&world, &arn("echo"), json!({ "a": [1, "ü"] })).await,
        Ok(json!({ "a": [1, "ü"] }))
    );
    assert_eq!(run(&world, &arn("nothing"), json!({})).await, Ok(Value::Null));
    let failed = |error: &str, cause: &str| Err((error.to_owned(), cause.to_owned()));
    assert_eq!(
        run(&world, &arn("broken"), json!({})).await,
        failed("MyError", r#"{"errorType":"MyError","errorMessage":"m"}"#)
    );
    assert_eq!(
        run(&world, &arn("untyped"), json!({})).await,
        failed(
            "Lambda.Unknown",
            "The cause could not be determined because Lambda did not return an error type. Returned payload: {\"errorMessage\":\"m\"}"
        )
    );
    assert_eq!(
        run(&world, &arn("large"), json!({})).await,
        failed(
            "States.DataLimitExceeded",
            "The state/task 'arn:aws:lambda:us-east-1:000000000000:function:large' returned a result with a size \
             exceeding the maximum number of bytes service limit."
        )
    );
    for (name, error) in [
        ("busy", "Lambda.TooManyRequestsException"),
        ("gone", "Lambda.ResourceNotFoundException"),
        ("text", "Lambda.Unknown"),
    ] {
        assert_eq!(run(&world, &arn(name), json!({})).await.unwrap_err().0, error, "{name}");
    }
}

#[tokio::test]
async fn a_machine_whose_functions_have_no_room_takes_no_more_executions() {
    let world = world();
    let busy = world.machine("busy", &task(&format!("{ARN}busy"), &json!({}))).await;
    let other = world.machine("other", &task(&format!("{ARN}echo"), &json!({}))).await;
    let started = world
        .states_ok("StartExecution", json!({ "stateMachineArn": busy }))
        .await;
    let arn = started["executionArn"].as_str().unwrap();
    world.driver.executions().wait_for_end(arn).await.unwrap();
    let refused = world.states("StartExecution", json!({ "stateMachineArn": busy })).await;
    assert_eq!(
        (refused.status, refused.header("x-amzn-errortype")),
        (400, "ThrottlingException"),
        "{}",
        refused.text
    );
    world
        .states_ok("StartExecution", json!({ "stateMachineArn": other }))
        .await;
}

#[tokio::test]
async fn lambda_invoke_answers_what_the_api_answers() {
    let world = world();
    let invoke = "arn:aws:states:::lambda:invoke";
    let output = run(&world, invoke, json!({ "FunctionName": "echo", "Payload": { "a": 1 } }))
        .await
        .unwrap();
    assert_eq!(
        (&output["Payload"], &output["StatusCode"]),
        (&json!({ "a": 1 }), &json!(200))
    );
    assert_eq!(output["ExecutedVersion"], "$LATEST");
    let headers = &output["SdkHttpMetadata"]["HttpHeaders"];
    assert_eq!(
        (&headers["Content-Length"], &headers["Date"]),
        (&json!("7"), &json!("Sun, 22 Nov 2026 13:27:00 GMT"))
    );
    assert_eq!(headers["x-amzn-RequestId"], output["SdkResponseMetadata"]["RequestId"]);
    assert_eq!(
        output["SdkHttpMetadata"]["AllHttpHeaders"]["Content-Length"],
        json!(["7"])
    );

    let payload = |name: &'static str, payload: Value| {
        let world = &world;
        async move {
            run(world, invoke, json!({ "FunctionName": name, "Payload": payload }))
                .await
                .map(|o| o["Payload"].clone())
        }
    };
    assert_eq!(
        payload("echo", json!("0")).await,
        Ok(json!(0)),
        "a string is the event's text"
    );
    assert_eq!(payload("echo", Value::Null).await, Ok(json!({})), "null is no payload");
    let output = run(
        &world,
        invoke,
        json!({ "FunctionName": format!("{ARN}echo"), "LogType": "Tail" }),
    )
    .await
    .unwrap();
    assert_eq!((&output["Payload"], &output["LogResult"]), (&json!({}), &json!("TE9H")));
    let output = run(
        &world,
        invoke,
        json!({ "FunctionName": "echo", "InvocationType": "Event" }),
    )
    .await
    .unwrap();
    assert_eq!(output["StatusCode"], 202);

    let (error, cause) = payload("gone", json!({})).await.unwrap_err();
    assert_eq!(error, "Lambda.ResourceNotFoundException");
    let begin = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone:$LATEST (Service: AWSLambda; Status \
                 Code: 404; Error Code: ResourceNotFoundException; Request ID: ";
    assert!(cause.starts_with(begin) && cause.ends_with("; Proxy: null)"), "{cause}");
    assert_eq!(payload("broken", json!({})).await.unwrap_err().0, "MyError");
    let cause =
        "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.";
    assert_eq!(
        payload("large", json!({})).await,
        Err(("States.DataLimitExceeded".into(), cause.into()))
    );
}

#[tokio::test]
async fn a_callback_waits_for_its_token() {
    let world = world();
    let parameters = json!({ "FunctionName": "echo", "Payload": { "token.$": "$$.Task.Token" } });
    let machine = world
        .machine(
            "m",
            &task("arn:aws:states:::lambda:invoke.waitForTaskToken", &parameters),
        )
        .await;
    let arn = world
        .states_ok("StartExecution", json!({ "stateMachineArn": machine }))
        .await["executionArn"]
        .clone();
    let token = loop {
        let history = world
            .states_ok("GetExecutionHistory", json!({ "executionArn": arn }))
            .await;
        let events = history["events"].as_array().unwrap();
        if let Some(submitted) = events.iter().find(|event| event["type"] == "TaskSubmitted") {
            let output = submitted["taskSubmittedEventDetails"]["output"].as_str().unwrap();
            let output: Value = serde_json::from_str(output).unwrap();
            break output["Payload"]["token"].as_str().unwrap().to_owned();
        }
        tokio::task::yield_now().await;
    };
    world
        .states_ok("SendTaskHeartbeat", json!({ "taskToken": token }))
        .await;
    world
        .states_ok(
            "SendTaskSuccess",
            json!({ "taskToken": token, "output": "{\"ok\":true}" }),
        )
        .await;
    world
        .driver
        .executions()
        .wait_for_end(arn.as_str().unwrap())
        .await
        .unwrap();
    let described = world
        .states_ok("DescribeExecution", json!({ "executionArn": arn }))
        .await;
    assert_eq!(
        (&described["status"], &described["output"]),
        (&json!("SUCCEEDED"), &json!("{\"ok\":true}"))
    );
    let again = world
        .states("SendTaskSuccess", json!({ "taskToken": token, "output": "{}" }))
        .await;
    assert_eq!(again.json()["__type"], "TaskTimedOut");
}

#[tokio::test]
async fn other_services_are_called_in_this_process() {
    let world = world();
    let topic = world.sns.ensure_topic("t", "").await.unwrap();
    world
        .sns
        .ensure_subscription(&topic, sluice_sns::EmailProtocol::Email, "a@example.com", None)
        .await
        .unwrap();
    let publish = json!({ "TopicArn": topic, "Message": { "a": 1 }, "Subject": "S" });
    let output = run(&world, "arn:aws:states:::sns:publish", publish).await.unwrap();
    let mails = sluice_sns::inbox::list(&world.driver, None, 10).await.unwrap();
    assert_eq!(
        (mails[0].text.as_str(), &json!(mails[0].message_id)),
        ("{\"a\":1}", &output["MessageId"])
    );
    let error = run(
        &world,
        "arn:aws:states:::sns:publish",
        json!({ "TopicArn": topic, "Message": "" }),
    )
    .await
    .unwrap_err()
    .0;
    assert_eq!(error, "SNS.InvalidParameterException");

    let table = json!({
        "TableName": "entries", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
    });
    world.dynamodb.ensure_table(&table, None).unwrap();
    let put = json!({ "TableName": "entries", "Item": { "id": { "S": "a" } }, "ConditionExpression": "attribute_not_exists(id)" });
    run(&world, "arn:aws:states:::dynamodb:putItem", put.clone())
        .await
        .unwrap();
    let error = run(&world, "arn:aws:states:::dynamodb:putItem", put)
        .await
        .unwrap_err()
        .0;
    assert_eq!(error, "DynamoDB.ConditionalCheckFailedException");
    let get = json!({ "TableName": "entries", "Key": { "id": { "S": "a" } } });
    let output = run(&world, "arn:aws:states:::dynamodb:getItem", get).await.unwrap();
    assert_eq!(output["Item"]["id"]["S"], "a");

    let target = world.machine("target", sluice_service_testing::PASS).await;
    let start = json!({ "StateMachineArn": target, "Input": { "a": 1 }, "Name": "n" });
    let output = run(&world, "arn:aws:states:::states:startExecution", start)
        .await
        .unwrap();
    assert_eq!(
        output["ExecutionArn"],
        "arn:aws:states:us-east-1:000000000000:execution:target:n"
    );
}

#[tokio::test]
async fn what_is_not_there_fails_with_its_name() {
    let world = world();
    let (error, cause) = run(
        &world,
        "arn:aws:states:::sqs:sendMessage",
        json!({ "QueueUrl": "q", "MessageBody": "b" }),
    )
    .await
    .unwrap_err();
    assert_eq!(error, "States.TaskFailed");
    assert!(
        cause.contains("arn:aws:states:::sqs:sendMessage is not available"),
        "{cause}"
    );
}
