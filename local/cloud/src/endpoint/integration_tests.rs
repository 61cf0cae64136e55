//! Calls of a state machine over the endpoint: results, errors and callbacks.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use serde_json::{Value, json};
use sluice_template::{EventPattern, Rule, RuleTarget};

use super::testing::World;

const SDK: &str = "arn:aws:states:::aws-sdk:";
const QUEUE: &str = "http://127.0.0.1:4566/000000000000/q";

/// The end of a machine with one task: its output, or its error and cause.
async fn run(world: &World, resource: &str, arguments: &Value) -> Result<Value, (String, String)> {
    let task = json!({ "Type": "Task", "Resource": resource, "Parameters": arguments, "End": true });
    let definition = json!({ "StartAt": "T", "States": { "T": task } }).to_string();
    let name = format!("m{}", world.services.config.uuid().simple());
    let machine = world.machine(&name, &definition).await;
    let started = world
        .states_ok("StartExecution", json!({ "stateMachineArn": machine }))
        .await;
    let arn = started["executionArn"].as_str().unwrap();
    world.services.driver.executions().wait_for_end(arn).await.unwrap();
    let ended = world
        .states_ok("DescribeExecution", json!({ "executionArn": arn }))
        .await;
    let text = |name: &str| ended[name].as_str().unwrap_or_default().to_owned();
    match ended["status"].as_str() {
        Some("SUCCEEDED") => Ok(serde_json::from_str(&text("output")).unwrap()),
        _ => Err((text("error"), text("cause"))),
    }
}

async fn sdk(world: &World, call: &str, arguments: Value) -> Value {
    run(world, &format!("{SDK}{call}"), &arguments)
        .await
        .unwrap_or_else(|error| panic!("{call}: {error:?}"))
}

async fn refused(world: &World, call: &str, arguments: Value) -> (String, String) {
    run(world, &format!("arn:aws:states:::{call}"), &arguments)
        .await
        .expect_err(call)
}

#[tokio::test]
async fn a_message_is_sent_with_any_json_and_received() {
    let world = World::new();
    let made = sdk(&world, "sqs:createQueue", json!({ "QueueName": "q" })).await;
    assert_eq!(made, json!({ "QueueUrl": QUEUE }));
    let message = json!({ "QueueUrl": QUEUE, "MessageBody": { "a": 1 },
        "MessageAttributes": { "Kind": { "DataType": "String", "StringValue": "k" } } });
    let sent = run(&world, "arn:aws:states:::sqs:sendMessage", &message).await.unwrap();
    let names: Vec<&String> = sent.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "MD5OfMessageAttributes",
            "MD5OfMessageBody",
            "MessageId",
            "SdkHttpMetadata",
            "SdkResponseMetadata"
        ]
    );
    assert_eq!(sent["SdkHttpMetadata"]["HttpStatusCode"], 200);
    let received = json!({ "QueueUrl": QUEUE, "MessageAttributeNames": ["All"] });
    let received = sdk(&world, "sqs:receiveMessage", received).await;
    let message = &received["Messages"][0];
    assert_eq!(
        (
            &message["Body"],
            &message["Md5OfBody"],
            &message["MessageAttributes"]["Kind"]["StringValue"]
        ),
        (&json!("{\"a\":1}"), &sent["MD5OfMessageBody"], &json!("k"))
    );
}

#[tokio::test]
async fn a_message_may_carry_the_token_that_is_waited_for() {
    let world = World::new();
    sdk(&world, "sqs:createQueue", json!({ "QueueName": "q" })).await;
    let task = json!({ "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": true,
        "Parameters": { "QueueUrl": QUEUE, "MessageBody": { "token.$": "$$.Task.Token" } } });
    let definition = json!({ "StartAt": "T", "States": { "T": task } }).to_string();
    let machine = world.machine("waits", &definition).await;
    let started = world
        .states_ok("StartExecution", json!({ "stateMachineArn": machine }))
        .await;
    let receive = json!({ "QueueUrl": QUEUE, "WaitTimeSeconds": 20 });
    let received = sdk(&world, "sqs:receiveMessage", receive).await;
    let body: Value = serde_json::from_str(received["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    sdk(
        &world,
        "sfn:sendTaskSuccess",
        json!({ "TaskToken": body["token"], "Output": "7" }),
    )
    .await;
    let arn = started["executionArn"].as_str().unwrap();
    world.services.driver.executions().wait_for_end(arn).await.unwrap();
    let ended = world
        .states_ok("DescribeExecution", json!({ "executionArn": arn }))
        .await;
    assert_eq!(ended["output"], "7");
}

#[tokio::test]
async fn a_record_is_text_in_a_state_machine_and_bytes_in_the_stream() {
    let world = World::new();
    sdk(
        &world,
        "kinesis:createStream",
        json!({ "StreamName": "s", "ShardCount": 1 }),
    )
    .await;
    let put = sdk(
        &world,
        "kinesis:putRecord",
        json!({ "StreamName": "s", "PartitionKey": "p", "Data": { "a": "ü" } }),
    )
    .await;
    assert_eq!(put["ShardId"], "shardId-000000000000");
    let records = json!([{ "PartitionKey": "p", "Data": "plain" }]);
    let put = sdk(
        &world,
        "kinesis:putRecords",
        json!({ "StreamName": "s", "Records": records }),
    )
    .await;
    assert_eq!(put["FailedRecordCount"], 0);
    let iterator = json!({ "StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON" });
    let iterator = sdk(&world, "kinesis:getShardIterator", iterator).await;
    let raw = world
        .target("Kinesis_20131202.GetRecords", iterator.to_string())
        .await
        .json();
    assert_eq!(raw["Records"][0]["Data"], "eyJhIjoiw7wifQ==");
    let read = sdk(&world, "kinesis:getRecords", iterator).await;
    let data: Vec<&Value> = read["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["Data"])
        .collect();
    assert_eq!(data, ["{\"a\":\"ü\"}", "plain"]);
    assert_eq!(
        read["Records"][0]["ApproximateArrivalTimestamp"],
        "2026-11-22T13:27:00Z"
    );
}

#[tokio::test]
async fn metrics_stacks_topics_and_functions_are_asked_for() {
    let world = World::with_functions([("echo", |event| Ok(event.to_vec()))]);
    let point = json!([{ "MetricName": "m", "Value": 2.5, "Unit": "Count" }]);
    let put = sdk(
        &world,
        "cloudwatch:putMetricData",
        json!({ "Namespace": "N", "MetricData": point }),
    )
    .await;
    assert_eq!(put, json!({}));
    let listed = sdk(&world, "cloudwatch:listMetrics", json!({ "Namespace": "N" })).await;
    assert_eq!(listed["Metrics"][0]["MetricName"], "m");

    let topic = sdk(
        &world,
        "sns:createTopic",
        json!({ "Name": "t", "Attributes": { "DisplayName": "d" } }),
    )
    .await;
    let attributes = sdk(
        &world,
        "sns:getTopicAttributes",
        json!({ "TopicArn": topic["TopicArn"] }),
    )
    .await;
    assert_eq!(attributes["Attributes"]["DisplayName"], "d");
    let none = sdk(
        &world,
        "sns:listSubscriptionsByTopic",
        json!({ "TopicArn": topic["TopicArn"] }),
    )
    .await;
    assert_eq!(none, json!({ "Subscriptions": [] }));

    assert_eq!(
        sdk(&world, "cloudformation:listStacks", json!({})).await,
        json!({ "StackSummaries": [] })
    );
    let caller = sdk(&world, "sts:getCallerIdentity", json!({})).await;
    assert_eq!(caller["Account"], "000000000000");
    let groups = sdk(&world, "cloudwatchlogs:describeLogGroups", json!({ "Limit": 5 })).await;
    assert_eq!(groups, json!({ "LogGroups": [] }));
    let functions = sdk(&world, "lambda:listFunctions", json!({})).await;
    assert_eq!(functions["Functions"][0]["FunctionName"], "echo");
    let table = json!({ "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" } });
    let made = sdk(&world, "dynamodb:createTable", table).await;
    let created = &made["TableDescription"]["CreationDateTime"];
    assert!(created.as_str().is_some_and(|text| text.ends_with('Z')), "{created}");
    let item = json!({ "TableName": "table", "Item": { "id": { "S": "a" }, "DateTime": { "N": "1" } } });
    sdk(&world, "dynamodb:putItem", item.clone()).await;
    let got = sdk(
        &world,
        "dynamodb:getItem",
        json!({ "TableName": "table", "Key": { "id": { "S": "a" } } }),
    )
    .await;
    assert_eq!(got["Item"], item["Item"]);
    let streams = sdk(&world, "dynamodbstreams:listStreams", json!({})).await;
    assert_eq!(streams["Streams"][0]["TableName"], "table");

    let function = sdk(&world, "lambda:getFunction", json!({ "FunctionName": "echo" })).await;
    assert_eq!(function["Configuration"]["FunctionName"], "echo");
    let mappings = sdk(
        &world,
        "lambda:listEventSourceMappings",
        json!({ "FunctionName": "echo" }),
    )
    .await;
    assert_eq!(mappings, json!({ "EventSourceMappings": [] }));
}

#[tokio::test]
async fn errors_are_named_after_the_services_exceptions() {
    let world = World::new();
    let message = json!({ "QueueUrl": QUEUE, "MessageBody": "m" });
    let (error, cause) = refused(&world, "sqs:sendMessage", message.clone()).await;
    assert_eq!(error, "SQS.QueueDoesNotExistException");
    let begin = "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400; Error Code: \
                 AWS.SimpleQueueService.NonExistentQueue; Request ID: ";
    assert!(cause.starts_with(begin), "{cause}");
    let cases = [
        ("aws-sdk:sqs:sendMessage", message, "Sqs.QueueDoesNotExistException"),
        (
            "aws-sdk:sqs:receiveMessage",
            json!({ "QueueUrl": QUEUE, "MaxNumberOfMessages": 11 }),
            "Sqs.SqsException",
        ),
        (
            "aws-sdk:kinesis:describeStream",
            json!({ "StreamName": "none" }),
            "Kinesis.ResourceNotFoundException",
        ),
        (
            "aws-sdk:cloudwatch:getDashboard",
            json!({ "DashboardName": "none" }),
            "CloudWatch.DashboardNotFoundErrorException",
        ),
        (
            "aws-sdk:cloudwatchlogs:getLogEvents",
            json!({ "LogGroupName": "none", "LogStreamName": "none" }),
            "CloudWatchLogs.ResourceNotFoundException",
        ),
        (
            "aws-sdk:cloudformation:describeStacks",
            json!({ "StackName": "none" }),
            "CloudFormation.CloudFormationException",
        ),
        (
            "aws-sdk:sns:getTopicAttributes",
            json!({ "TopicArn": "arn:aws:sns:us-east-1:000000000000:none" }),
            "Sns.NotFoundException",
        ),
        (
            "aws-sdk:lambda:getFunction",
            json!({ "FunctionName": "none" }),
            "Lambda.ResourceNotFoundException",
        ),
    ];
    for (call, arguments, expected) in cases {
        let (error, cause) = refused(&world, call, arguments).await;
        assert_eq!(error, expected, "{cause}");
        assert!(cause.contains("(SDK Attempt Count: 1)"), "{cause}");
    }
    let (error, cause) = refused(
        &world,
        "aws-sdk:sqs:sendMessage",
        json!({ "QueueUrl": QUEUE, "MessageBody": {} }),
    )
    .await;
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("could not be used to start the Task"), "{cause}");
}

#[tokio::test]
async fn what_is_not_here_is_caught_and_says_what_to_do() {
    let world = World::new();
    for (call, parameters) in [
        ("aws-sdk:s3:getObject", json!({ "Bucket": "b", "Key": "k" })),
        (
            "aws-sdk:sqs:tagQueue",
            json!({ "QueueUrl": QUEUE, "Tags": { "a": "b" } }),
        ),
        ("aws-sdk:dynamodb:listBackups", json!({})),
        ("aws-sdk:sns:listPlatformApplications", json!({})),
        ("aws-sdk:lambda:getAccountSettings", json!({})),
        ("glue:startJobRun.sync", json!({ "JobName": "j" })),
    ] {
        let resource = format!("arn:aws:states:::{call}");
        let definition = json!({ "StartAt": "T", "States": {
            "T": { "Type": "Task", "Resource": resource, "Parameters": parameters, "End": true,
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }] },
            "Caught": { "Type": "Pass", "End": true },
        }});
        let name = format!("m{}", world.services.config.uuid().simple());
        let machine = world.machine(&name, &definition.to_string()).await;
        let started = world
            .states_ok("StartExecution", json!({ "stateMachineArn": machine }))
            .await;
        let arn = started["executionArn"].as_str().unwrap();
        world.services.driver.executions().wait_for_end(arn).await.unwrap();
        let ended = world
            .states_ok("DescribeExecution", json!({ "executionArn": arn }))
            .await;
        let output: Value = serde_json::from_str(ended["output"].as_str().unwrap_or_default()).unwrap_or_default();
        assert_eq!(output["Error"], "States.TaskFailed", "{ended}");
        let cause = output["Cause"].as_str().unwrap();
        assert!(cause.contains(call) && cause.contains("--mocks FILE"), "{cause}");
    }
}

#[tokio::test]
async fn an_event_goes_to_the_rules_that_want_it() {
    let world = World::new();
    world.services.events.rules().put(Rule {
        name: "orders".to_owned(),
        arn: "arn:rule".to_owned(),
        description: None,
        enabled: true,
        pattern: EventPattern::read(&json!({ "source": ["shop"], "detail": { "total": [{ "numeric": [">", 10] }] } }))
            .unwrap(),
        targets: vec![RuleTarget {
            id: "one".to_owned(),
            arn: "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned(),
            max_retries: 0,
            max_event_age_seconds: 60,
        }],
    });
    let mut put = world.services.events.take_put().unwrap();
    let entry =
        |source: &str, total: u32| json!({ "Source": source, "DetailType": "Placed", "Detail": { "total": total } });
    let entries = json!({ "Entries": [entry("shop", 5), entry("shop", 12), entry("other", 12)] });
    let output = run(&world, "arn:aws:states:::events:putEvents", &entries)
        .await
        .unwrap();
    assert_eq!(
        (&output["FailedEntryCount"], output["Entries"].as_array().unwrap().len()),
        (&json!(0), 3)
    );
    assert_eq!(output["SdkHttpMetadata"]["HttpStatusCode"], 200);
    let one = put.try_recv().unwrap();
    let event = one.event();
    assert_eq!(
        (
            &event["source"],
            &event["detail-type"],
            &event["detail"],
            &event["id"],
            &event["time"]
        ),
        (
            &json!("shop"),
            &json!("Placed"),
            &json!({ "total": 12 }),
            &output["Entries"][1]["EventId"],
            &json!("2026-11-22T13:27:00Z")
        )
    );
    let resources = event["resources"].as_array().unwrap();
    let kinds: Vec<&str> = resources
        .iter()
        .map(|arn| arn.as_str().unwrap().split(':').nth(5).unwrap())
        .collect();
    assert_eq!(kinds, ["execution", "stateMachine"]);
    assert!(put.try_recv().is_err(), "the others are wanted by no rule");

    let entries = json!({ "Entries": [entry("shop", 12), entry("aws.x", 12)] });
    let (error, cause) = refused(&world, "events:putEvents", entries.clone()).await;
    assert_eq!(error, "EventBridge.FailedEntry");
    let cause: Value = serde_json::from_str(&cause).unwrap();
    assert_eq!(
        (&cause["FailedEntryCount"], &cause["Entries"][1]["ErrorCode"]),
        (&json!(1), &json!("NotAuthorizedForSourceException"))
    );
    // by the SDK a detail is text, and a refused entry is an answer
    let (error, _) = refused(&world, "aws-sdk:eventbridge:putEvents", entries).await;
    assert_eq!(error, "States.Runtime");
    let mut entry = entry("shop", 12);
    entry["Detail"] = json!("{\"total\":12");
    let output = sdk(&world, "eventbridge:putEvents", json!({ "Entries": [entry] })).await;
    assert_eq!(output["Entries"][0]["ErrorCode"], "MalformedDetail");
}

/// A server that tells what it was asked, with the status of its path.
async fn server() -> String {
    let answer = |request: Request| async move {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let status: u16 = parts.uri.path().trim_start_matches('/').parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-kind", "test".parse().unwrap());
        let told = json!({ "method": parts.method.as_str(), "query": parts.uri.query(),
            "type": parts.headers.get("content-type").map(|value| value.to_str().unwrap()),
            "body": String::from_utf8_lossy(&body) });
        (StatusCode::from_u16(status).unwrap(), headers, told.to_string())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(any(answer))).await });
    format!("http://{address}")
}

#[tokio::test]
async fn this_machine_is_called_by_http_and_no_other_one() {
    let (world, server) = (World::new(), server().await);
    let task = |path: &str| {
        json!({ "ApiEndpoint": format!("{server}{path}"), "Method": "POST", "RequestBody": { "a": ["x"] },
            "QueryParameters": { "q": 1 },
            "Authentication": { "ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/c/1" } })
    };
    let output = run(&world, "arn:aws:states:::http:invoke", &task("/201"))
        .await
        .unwrap();
    assert_eq!(
        output["ResponseBody"],
        json!({ "method": "POST", "query": "q=1", "type": "application/json; charset=UTF-8", "body": "{\"a\":[\"x\"]}" })
    );
    assert_eq!(
        (
            &output["StatusCode"],
            &output["StatusText"],
            &output["Headers"]["x-kind"]
        ),
        (&json!(201), &json!("Created"), &json!(["test"]))
    );
    let mut form = task("/200");
    form["Transform"] = json!({ "RequestBodyEncoding": "URL_ENCODED" });
    let output = run(&world, "arn:aws:states:::http:invoke", &form).await.unwrap();
    assert_eq!(output["ResponseBody"]["body"], "a%5B0%5D=x");
    let (error, cause) = refused(&world, "http:invoke", task("/429")).await;
    assert_eq!(error, "States.Http.StatusCode.429");
    assert_eq!(
        serde_json::from_str::<Value>(&cause).unwrap()["StatusText"],
        "Too Many Requests"
    );
    let mut elsewhere = task("/200");
    elsewhere["ApiEndpoint"] = json!("https://api.example.com/x");
    let (error, cause) = refused(&world, "http:invoke", elsewhere).await;
    assert_eq!(error, "States.TaskFailed");
    assert!(cause.contains("--http-host api.example.com"), "{cause}");
    let mut nobody = task("/200");
    // a port that was free a moment ago
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    nobody["ApiEndpoint"] = json!(format!("http://127.0.0.1:{port}/"));
    let (error, _) = refused(&world, "http:invoke", nobody).await;
    assert_eq!(error, "States.Http.Socket");
}
