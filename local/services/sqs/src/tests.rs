use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use serde_json::{Value, json};
use sluice_clock::{Clock as _, ManualClock};
use sluice_service_testing::{NOW, Reply, account};
use sluice_streams::Streams;
use sluice_wire::RequestId;
use tempfile::TempDir;

use super::{DeadLetters, QueueSpec, Sqs};

const URL: &str = "http://127.0.0.1:4566/000000000000/q";

/// The service over a store of its own.
struct World {
    sqs: Sqs,
    clock: Arc<ManualClock>,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let streams = Streams::new(directory.path().join("streams.sqlite"));
        Self {
            sqs: Sqs::new(account(clock.clone(), 1), streams),
            clock,
            _directory: directory,
        }
    }

    /// Moves the clock, and wakes all that wait for a time.
    fn advance(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
        self.sqs.streams.clock_changed();
    }
}

async fn call(world: &World, operation: &str, request: Value) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("host", "127.0.0.1:4566".parse().unwrap());
    let (sqs, body) = (&world.sqs, request.to_string());
    let request_id = RequestId::new(&sqs.account);
    Reply::of(sqs.respond(&request_id, &headers, operation, body.into()).await).await
}

async fn ok(world: &World, operation: &str, mut request: Value) -> Value {
    if request.get("QueueUrl").is_none() && request.get("QueueName").is_none() {
        request["QueueUrl"] = json!(URL);
    }
    let reply = call(world, operation, request).await;
    assert_eq!(reply.status, 200, "{operation}: {}", reply.text);
    reply.json()
}

async fn world() -> World {
    let world = World::new();
    let made = ok(&world, "CreateQueue", json!({ "QueueName": "q" })).await;
    assert_eq!(made["QueueUrl"], URL);
    world
}

async fn receive(world: &World, request: Value) -> Vec<Value> {
    ok(world, "ReceiveMessage", request).await["Messages"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let world = world().await;
    let sent = ok(&world, "SendMessage", json!({ "MessageBody": "hello" })).await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let received = receive(&world, json!({ "MessageSystemAttributeNames": ["All"] })).await;
    let message = &received[0];
    assert_eq!(
        (&message["MessageId"], &message["Body"]),
        (&sent["MessageId"], &json!("hello"))
    );
    assert_eq!(
        message["Attributes"],
        json!({
            "SenderId": "000000000000", "SentTimestamp": NOW.to_string(), "ApproximateReceiveCount": "1",
            "ApproximateFirstReceiveTimestamp": NOW.to_string(),
        })
    );
    assert!(receive(&world, json!({})).await.is_empty(), "it is hidden");
    world.advance(30_000);
    let again = receive(&world, json!({ "AttributeNames": ["ApproximateReceiveCount"] })).await;
    assert_eq!(again[0]["Attributes"], json!({ "ApproximateReceiveCount": "2" }));
    ok(
        &world,
        "DeleteMessage",
        json!({ "ReceiptHandle": again[0]["ReceiptHandle"] }),
    )
    .await;
    world.advance(30_000);
    assert_eq!(
        call(&world, "ReceiveMessage", json!({ "QueueUrl": URL })).await.text,
        "{}"
    );
}

#[tokio::test]
async fn attributes_have_the_digest_that_clients_check() {
    let world = world().await;
    let attributes = json!({
        "b": { "DataType": "Binary", "BinaryValue": "AAEC" },
        "a.n": { "DataType": "Number.int", "StringValue": "17" },
        "s": { "DataType": "String", "StringValue": "é" },
    });
    let request = json!({ "MessageBody": "x", "MessageAttributes": attributes, "MessageSystemAttributes": {
        "AWSTraceHeader": { "DataType": "String", "StringValue": "Root=1" },
    } });
    let sent = ok(&world, "SendMessage", request).await;
    assert!(sent["MD5OfMessageSystemAttributes"].is_string());
    let all = receive(
        &world,
        json!({ "MessageAttributeNames": ["All"], "VisibilityTimeout": 0, "AttributeNames": ["AWSTraceHeader"] }),
    )
    .await;
    assert_eq!(all[0]["MessageAttributes"], attributes);
    // computed with botocore's algorithm
    assert_eq!(
        (&all[0]["MD5OfMessageAttributes"], &sent["MD5OfMessageAttributes"]),
        (&json!(DIGEST), &json!(DIGEST))
    );
    assert_eq!(all[0]["Attributes"], json!({ "AWSTraceHeader": "Root=1" }));
    let some = receive(&world, json!({ "MessageAttributeNames": ["a.*"] })).await;
    assert_eq!(some[0]["MessageAttributes"], json!({ "a.n": attributes["a.n"] }));
    assert_ne!(some[0]["MD5OfMessageAttributes"], DIGEST);
}

const DIGEST: &str = "3c1cde0082ea5a74d8004f63aca7c79e";

#[tokio::test]
async fn a_receiver_waits_for_a_message_and_is_woken_by_it() {
    let world = world().await;
    let waiting = receive(&world, json!({ "WaitTimeSeconds": 20 }));
    let sending = async {
        tokio::task::yield_now().await;
        ok(&world, "SendMessage", json!({ "MessageBody": "now" })).await
    };
    let both = async { tokio::join!(waiting, sending) };
    let (received, _) = tokio::time::timeout(std::time::Duration::from_secs(10), both)
        .await
        .unwrap();
    assert_eq!(received[0]["Body"], "now");

    let waiting = receive(&world, json!({ "WaitTimeSeconds": 20 }));
    let later = async {
        tokio::task::yield_now().await;
        world.advance(30_000);
    };
    let both = async { tokio::join!(waiting, later) };
    let (received, ()) = tokio::time::timeout(std::time::Duration::from_secs(10), both)
        .await
        .unwrap();
    assert_eq!(received[0]["Body"], "now", "its visibility timeout is over");

    world.sqs.streams.close_waits();
    let waiting = receive(&world, json!({ "WaitTimeSeconds": 20 }));
    let received = tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
        .await
        .unwrap();
    assert!(received.is_empty(), "nobody is kept waiting while it stops");
}

#[tokio::test]
async fn batches_answer_entry_by_entry() {
    let world = world().await;
    let entries = json!([
        { "Id": "a", "MessageBody": "one" }, { "Id": "b", "MessageBody": "" },
        { "Id": "c", "MessageBody": "two", "DelaySeconds": 901 }, { "Id": "d", "MessageBody": "two" },
    ]);
    let sent = ok(&world, "SendMessageBatch", json!({ "Entries": entries })).await;
    let ids = |list: &Value| {
        list.as_array()
            .unwrap()
            .iter()
            .map(|one| one["Id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(&sent["Successful"]), ids(&sent["Failed"])),
        (vec!["a".into(), "d".into()], vec!["b".into(), "c".into()])
    );
    assert_eq!(
        (&sent["Failed"][0]["Code"], &sent["Failed"][0]["SenderFault"]),
        (&json!("MissingParameter"), &json!(true))
    );

    let received = receive(&world, json!({ "MaxNumberOfMessages": 10 })).await;
    let entries: Vec<Value> = received
        .iter()
        .enumerate()
        .map(|(n, one)| json!({ "Id": n.to_string(), "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": 0 }))
        .chain([json!({ "Id": "x", "ReceiptHandle": "rubbish", "VisibilityTimeout": 0 })])
        .collect();
    let changed = ok(&world, "ChangeMessageVisibilityBatch", json!({ "Entries": entries })).await;
    assert_eq!(
        (ids(&changed["Successful"]), ids(&changed["Failed"])),
        (vec!["0".into(), "1".into()], vec!["x".into()])
    );
    let deleted = ok(&world, "DeleteMessageBatch", json!({ "Entries": entries })).await;
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    assert!(receive(&world, json!({})).await.is_empty());
}

#[tokio::test]
async fn queues_have_attributes_and_names() {
    let world = world().await;
    let attributes = json!({ "VisibilityTimeout": "7", "RedrivePolicy": json!({
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": "3",
    }).to_string(), "Policy": "{}" });
    ok(&world, "SetQueueAttributes", json!({ "Attributes": attributes })).await;
    ok(&world, "SendMessage", json!({ "MessageBody": "x", "DelaySeconds": 5 })).await;
    let shown = ok(&world, "GetQueueAttributes", json!({ "AttributeNames": ["All"] })).await;
    let shown = &shown["Attributes"];
    let rows = [
        ("VisibilityTimeout", "7"),
        ("MessageRetentionPeriod", "345600"),
        ("MaximumMessageSize", "1048576"),
        ("ApproximateNumberOfMessages", "0"),
        ("ApproximateNumberOfMessagesDelayed", "1"),
        ("QueueArn", "arn:aws:sqs:us-east-1:000000000000:q"),
        ("Policy", "{}"),
        ("SqsManagedSseEnabled", "true"),
        ("CreatedTimestamp", "1795354020"),
    ];
    for (name, value) in rows {
        assert_eq!(shown[name], value, "{name}: {shown}");
    }
    assert!(
        shown["RedrivePolicy"]
            .as_str()
            .unwrap()
            .contains("\"maxReceiveCount\":3"),
        "{shown}"
    );
    let one = ok(&world, "GetQueueAttributes", json!({ "AttributeNames": ["QueueArn"] })).await;
    assert_eq!(one["Attributes"].as_object().unwrap().len(), 1);

    ok(
        &world,
        "CreateQueue",
        json!({ "QueueName": "q", "Attributes": { "VisibilityTimeout": "7" } }),
    )
    .await;
    let other = call(
        &world,
        "CreateQueue",
        json!({ "QueueName": "q", "Attributes": { "VisibilityTimeout": "8" } }),
    )
    .await;
    assert_eq!(
        (other.status, other.header("x-amzn-query-error")),
        (400, "QueueAlreadyExists;Sender")
    );
    ok(&world, "CreateQueue", json!({ "QueueName": "r" })).await;
    let page = call(&world, "ListQueues", json!({ "MaxResults": 1 })).await.json();
    assert_eq!(page["QueueUrls"], json!([URL]));
    let rest = call(
        &world,
        "ListQueues",
        json!({ "MaxResults": 1, "NextToken": page["NextToken"] }),
    )
    .await
    .json();
    assert_eq!(
        (&rest["QueueUrls"], rest.get("NextToken")),
        (&json!(["http://127.0.0.1:4566/000000000000/r"]), None)
    );
    assert_eq!(
        call(&world, "ListQueues", json!({ "QueueNamePrefix": "x" })).await.text,
        "{}"
    );
    assert_eq!(
        ok(&world, "GetQueueUrl", json!({ "QueueName": "q" })).await["QueueUrl"],
        URL
    );
    ok(&world, "PurgeQueue", json!({})).await;
    ok(&world, "DeleteQueue", json!({})).await;
    let gone = call(&world, "GetQueueUrl", json!({ "QueueName": "q" })).await;
    assert_eq!(
        gone.header("x-amzn-query-error"),
        "AWS.SimpleQueueService.NonExistentQueue;Sender"
    );
    assert_eq!(gone.json()["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
}

#[tokio::test]
async fn what_sqs_refuses_is_refused() {
    let world = world().await;
    ok(&world, "SendMessage", json!({ "MessageBody": "x" })).await;
    let handle = receive(&world, json!({ "VisibilityTimeout": 0 })).await[0]["ReceiptHandle"].clone();
    let entries = |count: usize| {
        (0..count)
            .map(|n| json!({ "Id": n.to_string(), "MessageBody": "x" }))
            .collect::<Vec<_>>()
    };
    let large: Vec<Value> = (0..3)
        .map(|n| json!({ "Id": n.to_string(), "MessageBody": "x".repeat(400_000) }))
        .collect();
    let attribute = |kind: &str, value: &str| json!({ "QueueUrl": URL, "MessageBody": "x", "MessageAttributes": { "a": { "DataType": kind, "StringValue": value } } });
    let rows = [
        ("CreateQueue", json!({}), "MissingParameter"),
        ("CreateQueue", json!({ "QueueName": "a b" }), "InvalidParameterValue"),
        (
            "CreateQueue",
            json!({ "QueueName": "a.fifo" }),
            "AWS.SimpleQueueService.UnsupportedOperation",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "f", "Attributes": { "FifoQueue": "true" } }),
            "AWS.SimpleQueueService.UnsupportedOperation",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "f", "Attributes": { "Colour": "red" } }),
            "InvalidAttributeName",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "f", "Attributes": { "DelaySeconds": "901" } }),
            "InvalidAttributeValue",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "f", "Attributes": { "RedrivePolicy": "{}" } }),
            "InvalidAttributeValue",
        ),
        ("SendMessage", json!({ "QueueUrl": URL }), "MissingParameter"),
        ("SendMessage", json!({ "MessageBody": "x" }), "MissingParameter"),
        (
            "SendMessage",
            json!({ "QueueUrl": "http://h/000000000000/none", "MessageBody": "x" }),
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": URL, "MessageBody": "\u{1}" }),
            "InvalidMessageContents",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": URL, "MessageBody": "x".repeat(1_048_577) }),
            "InvalidParameterValue",
        ),
        ("SendMessage", attribute("Text", "x"), "InvalidParameterValue"),
        ("SendMessage", attribute("Number", "x"), "InvalidParameterValue"),
        ("SendMessage", attribute("String", ""), "InvalidParameterValue"),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": URL, "Entries": [] }),
            "AWS.SimpleQueueService.EmptyBatchRequest",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": URL, "Entries": entries(11) }),
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": URL, "Entries": [{ "Id": "a" }, { "Id": "a" }] }),
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": URL, "Entries": [{ "Id": "a b" }] }),
            "AWS.SimpleQueueService.InvalidBatchEntryId",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": URL, "Entries": large }),
            "AWS.SimpleQueueService.BatchRequestTooLong",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": URL, "MaxNumberOfMessages": 11 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": URL, "WaitTimeSeconds": 21 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": URL, "AttributeNames": ["Colour"] }),
            "InvalidAttributeName",
        ),
        (
            "DeleteMessage",
            json!({ "QueueUrl": URL, "ReceiptHandle": "rubbish" }),
            "ReceiptHandleIsInvalid",
        ),
        (
            "ChangeMessageVisibility",
            json!({ "QueueUrl": URL, "ReceiptHandle": handle, "VisibilityTimeout": 1 }),
            "AWS.SimpleQueueService.MessageNotInflight",
        ),
        (
            "ChangeMessageVisibility",
            json!({ "QueueUrl": URL, "ReceiptHandle": handle, "VisibilityTimeout": 43_201 }),
            "InvalidParameterValue",
        ),
        (
            "GetQueueAttributes",
            json!({ "QueueUrl": URL, "AttributeNames": ["Colour"] }),
            "InvalidAttributeName",
        ),
        ("ListQueues", json!({ "MaxResults": 0 }), "InvalidParameterValue"),
        (
            "ListQueues",
            json!({ "MaxResults": 1, "NextToken": "rubbish" }),
            "InvalidParameterValue",
        ),
        ("AddPermission", json!({}), "UnknownOperationException"),
    ];
    for (operation, request, code) in rows {
        let reply = call(&world, operation, request.clone()).await;
        let query = reply.header("x-amzn-query-error");
        assert_eq!(
            (reply.status, query),
            (400, format!("{code};Sender").as_str()),
            "{operation} {request:.200}: {}",
            reply.text
        );
    }
    ok(&world, "PurgeQueue", json!({})).await;
    let again = call(&world, "PurgeQueue", json!({ "QueueUrl": URL })).await;
    assert_eq!(again.json()["__type"], "com.amazonaws.sqs#PurgeQueueInProgress");
}

#[tokio::test]
async fn refusals_have_awss_words() {
    let world = world().await;
    ok(&world, "SendMessage", json!({ "MessageBody": "m" })).await;
    let handle = receive(&world, json!({})).await[0]["ReceiptHandle"].clone();
    ok(&world, "DeleteMessage", json!({ "ReceiptHandle": handle })).await;
    let gone = handle.as_str().unwrap();
    for (operation, members, message) in [
        (
            "ReceiveMessage",
            json!({ "MaxNumberOfMessages": 11 }),
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
                .to_owned(),
        ),
        (
            "ReceiveMessage",
            json!({ "WaitTimeSeconds": 50 }),
            "Value 50 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
                .to_owned(),
        ),
        (
            "DeleteMessage",
            json!({ "ReceiptHandle": "rubbish" }),
            "The input receipt handle \"rubbish\" is not a valid receipt handle.".to_owned(),
        ),
        (
            "ChangeMessageVisibility",
            json!({ "ReceiptHandle": gone, "VisibilityTimeout": 1 }),
            format!(
                "Value {gone} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
                 visibility timeout change."
            ),
        ),
    ] {
        let mut request = members;
        request["QueueUrl"] = json!(URL);
        let reply = call(&world, operation, request).await;
        assert_eq!(reply.json()["message"], message.as_str(), "{operation}");
    }
}

#[tokio::test]
async fn a_stacks_queue_is_made_once_and_changed_in_place() {
    let world = World::new();
    let spec = QueueSpec {
        name: "q".into(),
        message_retention_seconds: Some(1_209_600),
        sqs_managed_sse: Some(true),
        dead_letters: Some(DeadLetters {
            target_arn: "arn:aws:sqs:us-east-1:000000000000:dead".into(),
            max_receive_count: 3,
        }),
        ..QueueSpec::default()
    };
    let made = world.sqs.ensure_queue(&spec).await.unwrap();
    assert_eq!(made.settings.retention, 1_209_600_000);
    ok(&world, "SendMessage", json!({ "MessageBody": "kept" })).await;
    let fewer = QueueSpec {
        message_retention_seconds: None,
        ..spec.clone()
    };
    let changed = world.sqs.ensure_queue(&fewer).await.unwrap();
    assert_eq!((changed.id, changed.settings.retention), (made.id, 345_600_000));
    assert_eq!(receive(&world, json!({})).await.len(), 1);
    let long = QueueSpec {
        delay_seconds: Some(901),
        ..spec
    };
    assert!(world.sqs.ensure_queue(&long).await.is_err());
    world.sqs.delete_queue("q").await.unwrap();
    world.sqs.delete_queue("q").await.unwrap();
}
