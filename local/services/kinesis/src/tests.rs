use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sluice_clock::{Clock as _, ManualClock};
use sluice_service_testing::{NOW, Reply, account};
use sluice_streams::Streams;
use sluice_wire::RequestId;
use tempfile::TempDir;

use super::{Kinesis, StreamSpec};

/// The service over a store of its own.
struct World {
    kinesis: Kinesis,
    clock: Arc<ManualClock>,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let streams = Streams::new(directory.path().join("streams.sqlite"));
        Self {
            kinesis: Kinesis::new(account(clock.clone(), 1), streams),
            clock,
            _directory: directory,
        }
    }

    /// Moves the clock, and wakes all that wait for a time.
    fn advance(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
        self.kinesis.streams.clock_changed();
    }
}

async fn call(world: &World, operation: &str, request: Value) -> Reply {
    let (kinesis, body) = (&world.kinesis, request.to_string());
    let request_id = RequestId::new(&kinesis.account);
    Reply::of(kinesis.respond(&request_id, operation, body.into()).await).await
}

async fn ok(world: &World, operation: &str, request: Value) -> Value {
    let reply = call(world, operation, request).await;
    assert_eq!(reply.status, 200, "{operation}: {}", reply.text);
    reply.json()
}

/// Asserts the status, the error's name, and a part of its message.
async fn refused(world: &World, operation: &str, request: Value, code: &str, text: &str) {
    let reply = call(world, operation, request.clone()).await;
    let error = reply.json();
    assert_eq!(
        (reply.status, error["__type"].as_str()),
        (400, Some(code)),
        "{operation} {request}: {}",
        reply.text
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(text) && !text.is_empty(), "{operation}: {message}");
}

async fn world() -> World {
    let world = World::new();
    ok(&world, "CreateStream", json!({ "StreamName": "s", "ShardCount": 2 })).await;
    world
}

async fn put(world: &World, keys: &[&str]) -> Value {
    let record = |key: &&str| json!({ "Data": STANDARD.encode(key), "PartitionKey": key });
    let records: Vec<Value> = keys.iter().map(record).collect();
    ok(world, "PutRecords", json!({ "StreamName": "s", "Records": records })).await
}

async fn iterator(world: &World, shard: u32, mut request: Value) -> String {
    request["StreamName"] = json!("s");
    request["ShardId"] = json!(super::shard_id(shard));
    let answer = ok(world, "GetShardIterator", request).await;
    answer["ShardIterator"].as_str().unwrap().to_owned()
}

/// The data of what an iterator brings, and the next one.
async fn read(world: &World, iterator: &str, limit: u32) -> (Vec<String>, Value) {
    let answer = ok(
        world,
        "GetRecords",
        json!({ "ShardIterator": iterator, "Limit": limit }),
    )
    .await;
    let records = answer["Records"].as_array().unwrap().iter();
    let data =
        records.map(|record| String::from_utf8(STANDARD.decode(record["Data"].as_str().unwrap()).unwrap()).unwrap());
    (data.collect(), answer)
}

#[tokio::test]
async fn streams_are_made_described_listed_and_deleted() {
    let world = world().await;
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    let reply = call(&world, "DescribeStream", json!({ "StreamARN": arn })).await;
    assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
    let described = &reply.json()["StreamDescription"];
    assert_eq!(
        (&described["StreamARN"], &described["StreamStatus"]),
        (&json!(arn), &json!("ACTIVE"))
    );
    assert_eq!(described["RetentionPeriodHours"], 24);
    assert_eq!(
        described["Shards"][0]["HashKeyRange"],
        json!({
            "StartingHashKey": "0", "EndingHashKey": "170141183460469231731687303715884105727",
        })
    );
    let starting = described["Shards"][1]["SequenceNumberRange"]["StartingSequenceNumber"]
        .as_str()
        .unwrap();
    assert_eq!(starting.len(), 56);
    let summary = ok(&world, "DescribeStreamSummary", json!({ "StreamName": "s" })).await;
    assert_eq!(summary["StreamDescriptionSummary"]["OpenShardCount"], 2);
    refused(
        &world,
        "CreateStream",
        json!({ "StreamName": "s", "ShardCount": 1 }),
        "ResourceInUseException",
        "already exists",
    )
    .await;

    ok(&world, "CreateStream", json!({ "StreamName": "t", "ShardCount": 1 })).await;
    let page = ok(&world, "ListStreams", json!({ "Limit": 1 })).await;
    assert_eq!(
        (&page["StreamNames"], &page["HasMoreStreams"]),
        (&json!(["s"]), &json!(true))
    );
    let rest = ok(&world, "ListStreams", json!({ "NextToken": page["NextToken"] })).await;
    assert_eq!(
        (&rest["StreamNames"], &rest["HasMoreStreams"]),
        (&json!(["t"]), &json!(false))
    );

    let page = ok(&world, "ListShards", json!({ "StreamName": "s", "MaxResults": 1 })).await;
    assert_eq!(page["Shards"][0]["ShardId"], "shardId-000000000000");
    let rest = ok(&world, "ListShards", json!({ "NextToken": page["NextToken"] })).await;
    assert_eq!(
        (rest["Shards"][0]["ShardId"].as_str(), rest.get("NextToken")),
        (Some("shardId-000000000001"), None)
    );
    world.advance(300_001);
    refused(
        &world,
        "ListShards",
        json!({ "NextToken": page["NextToken"] }),
        "ExpiredNextTokenException",
        "expired",
    )
    .await;

    ok(&world, "DeleteStream", json!({ "StreamName": "s" })).await;
    refused(
        &world,
        "DescribeStream",
        json!({ "StreamName": "s" }),
        "ResourceNotFoundException",
        "Stream s under account 000000000000 not found",
    )
    .await;
}

#[tokio::test]
async fn records_are_put_and_read_by_every_kind_of_iterator() {
    let world = world().await;
    let put = put(&world, &["a", "b", "c", "d", "e"]).await;
    assert_eq!(put["FailedRecordCount"], 0);
    // MD5 of a, b, c, d, e begin with 0c, 92, 4a, 82, e1
    let shards: Vec<_> = put["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["ShardId"].as_str().unwrap())
        .collect();
    let (zero, one) = ("shardId-000000000000", "shardId-000000000001");
    assert_eq!(shards, [zero, one, zero, one, one]);

    let (data, answer) = read(
        &world,
        &iterator(&world, 1, json!({ "ShardIteratorType": "TRIM_HORIZON" })).await,
        2,
    )
    .await;
    assert_eq!(data, ["b", "d"]);
    assert_eq!(answer["Records"][0]["ApproximateArrivalTimestamp"], NOW as f64 / 1000.0);
    let (data, answer) = read(&world, answer["NextShardIterator"].as_str().unwrap(), 2).await;
    assert_eq!((data, &answer["MillisBehindLatest"]), (vec!["e".to_owned()], &json!(0)));

    let number = &put["Records"][3]["SequenceNumber"];
    world.advance(1_000);
    let rows = [
        (
            json!({ "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": number }),
            vec!["d", "e"],
        ),
        (
            json!({ "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number }),
            vec!["e"],
        ),
        (json!({ "ShardIteratorType": "LATEST" }), vec![]),
        (
            json!({ "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": NOW as f64 / 1000.0 }),
            vec!["b", "d", "e"],
        ),
        (
            json!({ "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": NOW as f64 / 1000.0 + 0.5 }),
            vec![],
        ),
    ];
    for (request, expected) in rows {
        let (data, _) = read(&world, &iterator(&world, 1, request.clone()).await, 10).await;
        assert_eq!(data, expected, "{request}");
    }
    let one = json!({ "StreamName": "s", "Data": "", "PartitionKey": "a", "ExplicitHashKey": "340282366920938463463374607431768211455" });
    assert_eq!(ok(&world, "PutRecord", one).await["ShardId"], "shardId-000000000001");
}

#[tokio::test]
async fn an_iterator_lives_five_minutes_and_no_longer_than_its_stream() {
    let world = world().await;
    let sealed = iterator(&world, 0, json!({ "ShardIteratorType": "LATEST" })).await;
    world.advance(300_000);
    read(&world, &sealed, 1).await;
    let fresh = iterator(&world, 0, json!({ "ShardIteratorType": "LATEST" })).await;
    world.advance(1);
    let get = |iterator: &str| json!({ "ShardIterator": iterator });
    refused(&world, "GetRecords", get(&sealed), "ExpiredIteratorException", "300000").await;
    refused(
        &world,
        "GetRecords",
        get("rubbish"),
        "InvalidArgumentException",
        "ShardIterator",
    )
    .await;
    ok(&world, "DeleteStream", json!({ "StreamName": "s" })).await;
    ok(&world, "CreateStream", json!({ "StreamName": "s", "ShardCount": 2 })).await;
    refused(
        &world,
        "GetRecords",
        get(&fresh),
        "ResourceNotFoundException",
        "not found",
    )
    .await;
}

#[tokio::test]
async fn a_full_shard_throttles_record_by_record() {
    let world = world().await;
    let key = ["a"; 500];
    put(&world, &key).await;
    put(&world, &key).await;
    let answer = put(&world, &["a", "b"]).await;
    assert_eq!(answer["FailedRecordCount"], 1);
    assert_eq!(
        answer["Records"][0],
        json!({
            "ErrorCode": "ProvisionedThroughputExceededException",
            "ErrorMessage": "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.",
        })
    );
    assert!(answer["Records"][1]["SequenceNumber"].is_string());
    let record = json!({ "StreamName": "s", "Data": "", "PartitionKey": "a" });
    refused(
        &world,
        "PutRecord",
        record.clone(),
        "ProvisionedThroughputExceededException",
        "Rate exceeded",
    )
    .await;
    world.advance(1_000);
    ok(&world, "PutRecord", record).await;
}

#[tokio::test]
async fn what_kinesis_refuses_is_refused() {
    let world = world().await;
    let long = STANDARD.encode(vec![0; 1_048_577]);
    let many: Vec<Value> = (0..501).map(|_| json!({ "Data": "", "PartitionKey": "k" })).collect();
    let large: Vec<Value> = (0..11)
        .map(|_| json!({ "Data": STANDARD.encode(vec![0; 1_000_000]), "PartitionKey": "k" }))
        .collect();
    let rows = [
        (
            "CreateStream",
            json!({ "StreamName": "a b", "ShardCount": 1 }),
            "ValidationException",
            "[a-zA-Z0-9_.-]+",
        ),
        (
            "CreateStream",
            json!({ "ShardCount": 1 }),
            "ValidationException",
            "'streamName'",
        ),
        (
            "CreateStream",
            json!({ "StreamName": "t" }),
            "InvalidArgumentException",
            "ShardCount",
        ),
        (
            "CreateStream",
            json!({ "StreamName": "t", "ShardCount": 0 }),
            "ValidationException",
            "'shardCount'",
        ),
        (
            "CreateStream",
            json!({ "StreamName": "t", "ShardCount": 501 }),
            "LimitExceededException",
            "500",
        ),
        (
            "CreateStream",
            json!({ "StreamName": "t", "StreamModeDetails": { "StreamMode": "ON_DEMAND" } }),
            "InvalidArgumentException",
            "ON_DEMAND",
        ),
        (
            "CreateStream",
            json!({ "StreamName": "t", "ShardCount": 1, "Tags": { "a": "b" } }),
            "InvalidArgumentException",
            "tags",
        ),
        (
            "PutRecords",
            json!({ "StreamName": "s", "Records": [] }),
            "ValidationException",
            "'records'",
        ),
        (
            "PutRecords",
            json!({ "StreamName": "s", "Records": many }),
            "ValidationException",
            "'records'",
        ),
        (
            "PutRecords",
            json!({ "StreamName": "s", "Records": large }),
            "InvalidArgumentException",
            "10485760",
        ),
        (
            "PutRecords",
            json!({ "StreamName": "s", "Records": [{ "Data": "", "PartitionKey": "" }] }),
            "ValidationException",
            "'records.1.member.partitionKey'",
        ),
        (
            "PutRecords",
            json!({ "StreamName": "s", "Records": [{ "PartitionKey": "k" }] }),
            "ValidationException",
            "'records.1.member.data'",
        ),
        (
            "PutRecord",
            json!({ "StreamName": "s", "Data": long, "PartitionKey": "k" }),
            "InvalidArgumentException",
            "1048576",
        ),
        (
            "PutRecord",
            json!({ "StreamName": "s", "Data": "%", "PartitionKey": "k" }),
            "SerializationException",
            "base64",
        ),
        (
            "PutRecord",
            json!({ "StreamName": "s", "Data": "", "PartitionKey": "k", "ExplicitHashKey": "01" }),
            "ValidationException",
            "'explicitHashKey'",
        ),
        (
            "PutRecord",
            json!({ "Data": "", "PartitionKey": "k" }),
            "InvalidArgumentException",
            "StreamARN",
        ),
        (
            "PutRecord",
            json!({ "StreamName": "none", "Data": "", "PartitionKey": "k" }),
            "ResourceNotFoundException",
            "Stream none",
        ),
        (
            "PutRecord",
            json!({ "StreamARN": "arn:aws:kinesis:eu-west-1:000000000000:stream/s", "Data": "", "PartitionKey": "k" }),
            "ResourceNotFoundException",
            "Stream s",
        ),
        (
            "GetShardIterator",
            json!({ "StreamName": "s", "ShardId": "shardId-000000000002", "ShardIteratorType": "LATEST" }),
            "ResourceNotFoundException",
            "shardId-000000000002",
        ),
        (
            "GetShardIterator",
            json!({ "StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "NOW" }),
            "ValidationException",
            "enum value set",
        ),
        (
            "GetShardIterator",
            json!({ "StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_SEQUENCE_NUMBER" }),
            "InvalidArgumentException",
            "starting sequence number",
        ),
        (
            "GetShardIterator",
            json!({ "StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "17" }),
            "InvalidArgumentException",
            "did not come from this shard",
        ),
        (
            "GetShardIterator",
            json!({ "StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1e11 }),
            "InvalidArgumentException",
            "current time",
        ),
        (
            "IncreaseStreamRetentionPeriod",
            json!({ "StreamName": "s", "RetentionPeriodHours": 23 }),
            "InvalidArgumentException",
            "increased",
        ),
        (
            "IncreaseStreamRetentionPeriod",
            json!({ "StreamName": "s", "RetentionPeriodHours": 8761 }),
            "InvalidArgumentException",
            "8760",
        ),
        (
            "DecreaseStreamRetentionPeriod",
            json!({ "StreamName": "s", "RetentionPeriodHours": 48 }),
            "InvalidArgumentException",
            "decreased",
        ),
        (
            "SubscribeToShard",
            json!({}),
            "UnknownOperationException",
            "SubscribeToShard",
        ),
    ];
    for (operation, request, code, text) in rows {
        refused(&world, operation, request, code, text).await;
    }
}

#[tokio::test]
async fn a_stacks_stream_is_made_once_and_changed_in_place() {
    let world = World::new();
    let spec = |shard_count, retention_hours| StreamSpec {
        name: "s".into(),
        shard_count,
        retention_hours,
    };
    let made = world.kinesis.ensure_stream(&spec(2, 168)).await.unwrap();
    put(&world, &["a"]).await;
    let again = world.kinesis.ensure_stream(&spec(2, 24)).await.unwrap();
    assert_eq!((again.id, again.retention_hours), (made.id, 24));
    let other = world.kinesis.ensure_stream(&spec(3, 24)).await.unwrap_err();
    assert_eq!(
        other.to_string(),
        "the stream s has 2 shards, and they cannot become 3: delete the stream, or keep its ShardCount"
    );
    assert!(world.kinesis.ensure_stream(&spec(0, 24)).await.is_err());
    assert!(world.kinesis.ensure_stream(&spec(1, 23)).await.is_err());
    world.kinesis.delete_stream("s").await.unwrap();
    world.kinesis.delete_stream("s").await.unwrap();
}
