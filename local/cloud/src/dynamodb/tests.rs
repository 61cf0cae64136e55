use serde_json::{Value, json};

use super::{Dynamo, EnsuredTable};
use crate::endpoint::testing::World;

fn table(key: &str) -> Value {
    json!({
        "TableName": "entries",
        "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": "S" }],
        "BillingMode": "PAY_PER_REQUEST",
    })
}

#[tokio::test]
async fn calls_are_forwarded_and_arns_are_this_accounts() {
    let world = World::new();
    assert_eq!(
        world
            .services
            .dynamo
            .ensure_table(&table("id"), Some("expires"))
            .unwrap(),
        EnsuredTable::Created
    );
    let described = world
        .target("DynamoDB_20120810.DescribeTable", r#"{"TableName":"entries"}"#)
        .await;
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/entries";
    assert_eq!(
        (described.status, &described.json()["Table"]["TableArn"]),
        (200, &json!(arn))
    );
    assert_eq!(
        described.header("x-amz-crc32"),
        crc32fast::hash(described.text.as_bytes()).to_string()
    );

    let odd = "arn:aws:dynamodb:dynoxide:000000000000:table/mine";
    let put = json!({ "TableName": "entries", "Item": { "id": { "S": "a" }, "x": { "S": odd } } });
    assert_eq!(
        world.target("DynamoDB_20120810.PutItem", put.to_string()).await.status,
        200
    );
    let get = json!({ "TableName": "entries", "Key": { "id": { "S": "a" } } });
    let got = world.target("DynamoDB_20120810.GetItem", get.to_string()).await;
    assert_eq!(got.json()["Item"]["x"]["S"], odd, "items are never touched");

    let tag = json!({ "ResourceArn": arn, "Tags": [{ "Key": "k", "Value": "v" }] });
    assert_eq!(
        world
            .target("DynamoDB_20120810.TagResource", tag.to_string())
            .await
            .status,
        200
    );
    let ttl = world
        .target("DynamoDB_20120810.DescribeTimeToLive", r#"{"TableName":"entries"}"#)
        .await;
    assert_eq!(ttl.json()["TimeToLiveDescription"]["AttributeName"], "expires");
}

#[tokio::test]
async fn errors_and_unknown_operations_keep_their_form() {
    let world = World::new();
    let reply = world
        .target(
            "DynamoDB_20120810.GetItem",
            r#"{"TableName":"gone","Key":{"id":{"S":"a"}}}"#,
        )
        .await;
    assert_eq!(reply.status, 400);
    assert!(
        reply.json()["__type"]
            .as_str()
            .unwrap()
            .ends_with("#ResourceNotFoundException")
    );
    for operation in ["UpdateContinuousBackups", "DescribeContinuousBackups", "Nonsense"] {
        let reply = world
            .target(&format!("DynamoDB_20120810.{operation}"), r#"{"TableName":"entries"}"#)
            .await;
        assert_eq!(
            (reply.status, reply.json()["__type"].as_str()),
            (400, Some("UnknownOperationException"))
        );
        assert!(reply.json()["message"].as_str().unwrap().contains(operation));
    }
}

#[test]
fn tables_are_made_once_and_stay() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tables.db");
    let dynamo = Dynamo::open(&path).unwrap();
    assert_eq!(dynamo.ensure_table(&table("id"), None).unwrap(), EnsuredTable::Created);
    drop(dynamo);
    let dynamo = Dynamo::open(&path).unwrap();
    assert_eq!(
        dynamo.ensure_table(&table("id"), Some("expires")).unwrap(),
        EnsuredTable::Existed
    );
    assert_eq!(
        dynamo.ensure_table(&table("id"), Some("expires")).unwrap(),
        EnsuredTable::Existed
    );
    let error = dynamo.ensure_table(&table("other"), None).unwrap_err().to_string();
    assert!(
        error.starts_with("table entries exists with the keys id HASH (S), but other HASH (S) are wanted"),
        "{error}"
    );
    let error = dynamo
        .ensure_table(&json!({ "TableName": "x" }), None)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("table x: "), "{error}");
}

#[test]
fn writes_are_synced_before_they_are_answered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tables.db");
    let _dynamo = Dynamo::open(&path).unwrap();
    // The database opens its connection like this one and sets the journal mode only; SQLite's default for the rest
    // is a choice of its build, which both share.
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mode: String = connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    let synchronous: i64 = connection
        .query_row("PRAGMA synchronous", [], |row| row.get(0))
        .unwrap();
    const FULL: i64 = 2;
    assert_eq!((mode.as_str(), synchronous), ("wal", FULL));
}
