//! Transactions and reads of several items, in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Pair, World, clock, signed};
use crate::in_process::InProcessCall;
use crate::tables::{Call, Tables};
use crate::wal::Wal;

fn put(id: &str, more: Value) -> Value {
    let mut put = json!({ "TableName": "entries", "Item": { "id": { "S": id } } });
    put.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "Put": put })
}

fn add(id: &str) -> Value {
    json!({ "Update": { "TableName": "entries", "Key": { "id": { "S": id } }, "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": { ":n": { "N": "1" } } } })
}

fn new() -> Value {
    json!({ "ConditionExpression": "attribute_not_exists(id)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD" })
}

#[test]
fn transactions_in_process_are_answered_as_the_server_answers_them() {
    let mut pair = Pair::new();
    let mut check = |items: Value, status: u16| {
        let body = json!({ "TransactItems": items });
        pair.check_body("TransactWriteItems", body.to_string(), status);
    };
    check(json!([put("a", new()), add("counter")]), 200);
    check(json!([put("a", new()), add("counter")]), 400);
    check(json!([put("b", new()), add("counter")]), 200);
    let gone = json!({ "TableName": "entries", "Key": { "id": { "S": "none" } }, "ConditionExpression": "attribute_exists(id)" });
    check(json!([put("c", json!({})), { "ConditionCheck": gone }]), 400);
    check(
        json!([{ "Delete": { "TableName": "entries", "Key": { "id": { "S": "b" } } } }]),
        200,
    );
    check(json!([add("counter"), add("counter")]), 400);
    check(json!([]), 400);
    check(json!([put("", json!({}))]), 400);
    check(
        json!([{ "Update": { "TableName": "none", "Key": { "id": { "S": "b" } }, "UpdateExpression": "REMOVE x" } }]),
        400,
    );
    check((0..101).map(|n| put(&n.to_string(), json!({}))).collect(), 400);
    // the same call twice is one
    let once = json!({ "TransactItems": [add("counter")], "ClientRequestToken": "t" }).to_string();
    pair.check_body("TransactWriteItems", once.clone(), 200);
    pair.check_body("TransactWriteItems", once, 200);
    let other = json!({ "TransactItems": [add("other")], "ClientRequestToken": "t" }).to_string();
    pair.check_body("TransactWriteItems", other, 400);
    pair.check("Scan", r#""Select":"ALL_ATTRIBUTES""#, 200);
    let mut read = |table: Value, status: u16| {
        let body = json!({ "RequestItems": { "entries": table } });
        pair.check_body("BatchGetItem", body.to_string(), status);
    };
    let key = |id: &str| json!({ "id": { "S": id } });
    read(json!({ "Keys": [key("counter"), key("none")] }), 200);
    read(
        json!({ "Keys": [key("a")], "ProjectionExpression": "n", "ConsistentRead": true }),
        200,
    );
    read(json!({ "Keys": [key("a"), key("a")] }), 400);
    read(json!({ "Keys": [] }), 400);
}

#[tokio::test]
async fn a_transaction_counts_once_for_each_table_and_not_at_all_if_it_is_refused() {
    let world = World::new();
    world.dynamodb.ensure_table(&super::table("id"), None).unwrap();
    for (expected, count) in [(200, "1"), (400, "1")] {
        let body = json!({ "TransactItems": [put("a", new()), add("counter")] });
        let reply = world.call("TransactWriteItems", body.to_string()).await;
        assert_eq!(reply.status, expected, "{}", reply.text);
        let get = json!({ "TableName": "entries", "Key": { "id": { "S": "counter" } } });
        let counter = world.call("GetItem", get.to_string()).await;
        assert_eq!(counter.json()["Item"]["n"]["N"], count);
        if expected == 400 {
            let reasons = &reply.json()["CancellationReasons"];
            assert_eq!(reasons[0]["Code"], "ConditionalCheckFailed", "{}", reply.text);
            assert_eq!(reasons[0]["Item"]["id"]["S"], "a", "{}", reply.text);
        }
    }
    let body = json!({ "TransactItems": [add("counter")], "ReturnConsumedCapacity": "TOTAL" });
    let reply = world.call("TransactWriteItems", body.to_string()).await;
    assert_eq!(
        reply.json()["ConsumedCapacity"][0]["CapacityUnits"],
        2.0,
        "{}",
        reply.text
    );
}

/// A record, a counter and a record of an audit, as an approval's decision is.
fn transaction(number: usize) -> Call {
    let items = json!([
        put(&format!("record {number}"), new()),
        add(&format!("counter {}", number % 8)),
        put(&format!("audit {number}"), new())
    ]);
    let body = Bytes::from(json!({ "TransactItems": items }).to_string());
    Call {
        in_process: Some(InProcessCall::decode("TransactWriteItems", &body).unwrap()),
        request: signed("TransactWriteItems", body),
        writes: true,
    }
}

#[tokio::test]
async fn transactions_share_syncs() {
    const COUNT: usize = 500;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tables.db");
    let syncs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&syncs);
    let tables = Tables::open_with_sync(&path, clock(), move |wal: &Wal| {
        counted.fetch_add(1, Ordering::SeqCst);
        wal.sync()
    });
    let tables = Arc::new(tables.unwrap());
    tables.ensure_table(&super::table("id"), None).unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..COUNT {
        let tables = Arc::clone(&tables);
        writers.spawn(async move { tables.send(transaction(number)).await.unwrap().status });
    }
    assert!(writers.join_all().await.into_iter().all(|status| status == 200));
    let syncs = syncs.load(Ordering::SeqCst);
    assert!(syncs < COUNT / 10, "{syncs} syncs for {COUNT} transactions");
    drop(tables);
    assert_eq!(super::items(&path), Ok(COUNT * 2 + 8));
}
