//! DynamoDB's limits of a partition, where AWS's quotas hold.
//!
//! Keys are spread over the partitions of their table or index. The units of a call are known once it has been carried out, so a call
//! is admitted while its partitions have something left, and what it consumed is taken off then: one that takes more than there was makes
//! the next ones wait the longer. Scans are spread over all partitions, so they count for none; batches are never refused (on AWS they
//! come back in part); writes count for the table and not for its indexes.

use std::collections::HashMap;
use std::sync::Arc;

use dynoxide::Database;
use dynoxide::actions::describe_table::DescribeTableRequest;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sluice_clock::Timestamp;
use sluice_quotas::{CapacityKind, Quotas};

use crate::Usage;

/// AWS's words.
pub(crate) const THROTTLED: &str = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table \
     or index so please try again shortly. If exceptions persist, check if you have a hot key: \
     https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";

/// The limits, and the names of partition keys.
pub(crate) struct Partitions {
    quotas: Arc<Quotas>,
    /// By table and index.
    names: Mutex<HashMap<(String, Option<String>), String>>,
}

/// A key that a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TouchedKey {
    /// The table's name.
    pub(crate) table: String,
    /// The index, if it is read by one.
    index: Option<String>,
    /// The value of the partition key, as JSON.
    key: String,
}

/// The keys that a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TouchedKeys {
    /// The units that it consumes.
    pub(crate) kind: CapacityKind,
    /// The keys, in the order of the call's items.
    keys: Vec<TouchedKey>,
}

impl TouchedKey {
    /// The space in which keys are spread.
    fn space(&self) -> String {
        match &self.index {
            Some(index) => format!("{}/{index}", self.table),
            None => self.table.clone(),
        }
    }
}

impl Partitions {
    pub(crate) fn new(quotas: Arc<Quotas>) -> Self {
        Self {
            quotas,
            names: Mutex::default(),
        }
    }

    /// The keys that a call is about; none if it is about none, or cannot be read, which the tables will say.
    pub(crate) fn touched(&self, database: &Database, operation: &str, body: &[u8]) -> Option<TouchedKeys> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let (kind, of) = places(operation, &body)?;
        let keys: Option<Vec<_>> = of
            .into_iter()
            .map(|(table, place)| {
                let (index, key) = match place {
                    Place::Item(item) => (None, item[self.name(database, &table, None)?].to_string()),
                    Place::Query(query) => {
                        let index = query["IndexName"].as_str().map(str::to_owned);
                        let name = self.name(database, &table, index.as_deref())?;
                        (index, queried(query, &name)?.to_string())
                    }
                };
                Some(TouchedKey { table, index, key })
            })
            .collect();
        Some(TouchedKeys { kind, keys: keys? })
    }

    /// The places of the keys whose partitions have nothing left.
    pub(crate) fn throttled(&self, touched: &TouchedKeys, now: Timestamp) -> Vec<usize> {
        let is_throttled = |key: &TouchedKey| !self.quotas.admit_partition(&key.space(), &key.key, touched.kind, now);
        let keys = touched.keys.iter().enumerate();
        keys.filter(|(_, key)| is_throttled(key))
            .map(|(place, _)| place)
            .collect()
    }

    /// Takes off what a call has consumed: of each table as much for each of the call's keys.
    pub(crate) fn consume(&self, touched: &TouchedKeys, usages: &[Usage], now: Timestamp) {
        for usage in usages {
            let keys: Vec<_> = touched.keys.iter().filter(|key| key.table == usage.table).collect();
            let units = match touched.kind {
                CapacityKind::Read => usage.read,
                CapacityKind::Write => usage.write,
            };
            #[expect(clippy::cast_precision_loss, reason = "a hundred keys at most")]
            let share = units / keys.len().max(1) as f64;
            for key in keys {
                self.quotas.consume(&key.space(), &key.key, touched.kind, share, now);
            }
        }
    }

    /// The name of the partition key of a table or an index.
    fn name(&self, database: &Database, table: &str, index: Option<&str>) -> Option<String> {
        let place = (table.to_owned(), index.map(str::to_owned));
        if let Some(name) = self.names.lock().get(&place) {
            return Some(name.clone());
        }
        let request = DescribeTableRequest {
            table_name: table.to_owned(),
        };
        let described = serde_json::to_value(database.describe_table(request).ok()?.table).ok()?;
        let schema = match index {
            None => &described["KeySchema"],
            Some(index) => {
                let lists = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
                let all = lists.iter().filter_map(|list| described[list].as_array()).flatten();
                &all.into_iter().find(|one| one["IndexName"] == index)?["KeySchema"]
            }
        };
        let keys = schema.as_array()?;
        let name = keys.iter().find(|key| key["KeyType"] == "HASH")?["AttributeName"].as_str()?;
        self.names.lock().insert(place, name.to_owned());
        Some(name.to_owned())
    }
}

impl TouchedKeys {
    /// The first key's table.
    pub(crate) fn table(&self, place: usize) -> &str {
        self.keys.get(place).map_or("", |key| &key.table)
    }

    /// The body of a transaction's refusal because of the items at these places.
    pub(crate) fn cancellation(&self, throttled: &[usize]) -> Value {
        let reasons = (0..self.keys.len()).map(|place| throttled.contains(&place));
        let codes: Vec<_> = reasons
            .map(|is_it| if is_it { "ThrottlingError" } else { "None" })
            .collect();
        let listed: Vec<Value> = codes
            .iter()
            .map(|code| match *code {
                "None" => json!({ "Code": code }),
                code => json!({ "Code": code, "Message": THROTTLED }),
            })
            .collect();
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", ")),
            "CancellationReasons": listed,
        })
    }
}

/// The place in a call where a key is to be found.
enum Place<'a> {
    /// An item, or its key.
    Item(&'a Value),
    /// The condition of a query.
    Query(&'a Value),
}

/// The tables and places of a call's keys.
fn places<'a>(operation: &str, body: &'a Value) -> Option<(CapacityKind, Vec<(String, Place<'a>)>)> {
    use CapacityKind::{Read, Write};
    let one = |kind, of: &'a Value, place: Place<'a>| Some((kind, vec![(table_name(of)?, place)]));
    match operation {
        "GetItem" => one(Read, body, Place::Item(&body["Key"])),
        "Query" => one(Read, body, Place::Query(body)),
        "PutItem" => one(Write, body, Place::Item(&body["Item"])),
        "UpdateItem" | "DeleteItem" => one(Write, body, Place::Item(&body["Key"])),
        "TransactWriteItems" | "TransactGetItems" => {
            let kind = if operation == "TransactGetItems" { Read } else { Write };
            let item = |item: &'a Value| {
                let (name, action) = item.as_object()?.iter().next()?;
                let key = if name == "Put" { "Item" } else { "Key" };
                Some((table_name(action)?, Place::Item(&action[key])))
            };
            let items = body["TransactItems"].as_array()?.iter().map(item);
            Some((kind, items.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// A table may be named by its ARN.
fn table_name(of: &Value) -> Option<String> {
    let name = of["TableName"].as_str()?;
    Some(name.rsplit('/').next().unwrap_or(name).to_owned())
}

/// The value that a query wants the partition key to have.
fn queried<'a>(query: &'a Value, name: &str) -> Option<&'a Value> {
    let condition = query["KeyConditionExpression"].as_str()?;
    let sides = condition
        .split(['(', ')'])
        .flat_map(|part| part.split(" AND "))
        .flat_map(|part| part.split(" and "));
    let is_name = |side: &str| side == name || query["ExpressionAttributeNames"][side] == name;
    let value = sides
        .filter_map(|part| part.split_once('='))
        .find_map(|(left, right)| {
            let (left, right) = (left.trim(), right.trim());
            if is_name(left) {
                Some(right)
            } else if is_name(right) {
                Some(left)
            } else {
                None
            }
        })?;
    Some(&query["ExpressionAttributeValues"][value])
}

#[cfg(test)]
mod tests {
    use sluice_quotas::Profile;

    use super::*;

    fn database() -> Database {
        let database = Database::memory().unwrap();
        let create = json!({
            "TableName": "tab", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [
                { "AttributeName": "id", "AttributeType": "S" }, { "AttributeName": "part", "AttributeType": "S" }],
            "GlobalSecondaryIndexes": [{ "IndexName": "idx", "KeySchema": [{ "AttributeName": "part", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "ALL" } }],
        });
        database.create_table(serde_json::from_value(create).unwrap()).unwrap();
        database
    }

    fn check(operation: &str, body: Value, expected: Option<(CapacityKind, &[(&str, &str)])>) {
        let partitions = Partitions::new(Arc::new(Quotas::new(Profile::Aws)));
        let touched = partitions.touched(&database(), operation, body.to_string().as_bytes());
        let got = touched.map(|touched| {
            let keys = touched.keys.iter().map(|key| (key.space(), key.key.clone()));
            (touched.kind, keys.collect::<Vec<_>>())
        });
        let expected = expected.map(|(kind, keys)| {
            let keys = keys
                .iter()
                .map(|(space, key)| ((*space).to_owned(), json!({ "S": key }).to_string()));
            (kind, keys.collect::<Vec<_>>())
        });
        assert_eq!(got, expected, "{operation} {body}");
    }

    #[test]
    fn the_keys_of_a_call_are_found() {
        use CapacityKind::{Read, Write};
        let key = json!({ "id": { "S": "a" } });
        check(
            "GetItem",
            json!({ "TableName": "tab", "Key": key }),
            Some((Read, &[("tab", "a")])),
        );
        check(
            "PutItem",
            json!({ "TableName": "arn:aws:dynamodb:r:1:table/tab", "Item": key }),
            Some((Write, &[("tab", "a")])),
        );
        check(
            "UpdateItem",
            json!({ "TableName": "tab", "Key": key }),
            Some((Write, &[("tab", "a")])),
        );
        check("DeleteItem", json!({ "TableName": "none", "Key": key }), None);
        check("Scan", json!({ "TableName": "tab" }), None);
        check("PutItem", json!([]), None);
        let transaction = json!({ "TransactItems": [
            { "Put": { "TableName": "tab", "Item": key } }, { "Delete": { "TableName": "tab", "Key": { "id": { "S": "b" } } } }] });
        check(
            "TransactWriteItems",
            transaction,
            Some((Write, &[("tab", "a"), ("tab", "b")])),
        );
        let query = |condition: &str, more: Value| {
            let mut query = json!({ "TableName": "tab", "KeyConditionExpression": condition,
                "ExpressionAttributeValues": { ":v": { "S": "a" }, ":w": { "N": "1" } } });
            query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            query
        };
        check("Query", query("id = :v", json!({})), Some((Read, &[("tab", "a")])));
        check(
            "Query",
            query(
                "(n > :w) AND (#k=:v)",
                json!({ "IndexName": "idx", "ExpressionAttributeNames": { "#k": "part" } }),
            ),
            Some((Read, &[("tab/idx", "a")])),
        );
        check("Query", query("other = :v", json!({})), None);
    }

    #[test]
    fn a_call_takes_its_units_off_and_a_transaction_says_which_item_was_throttled() {
        let partitions = Partitions::new(Arc::new(Quotas::new(Profile::Aws)));
        let database = database();
        let body = json!({ "TransactItems": [
            { "Put": { "TableName": "tab", "Item": { "id": { "S": "a" } } } },
            { "Put": { "TableName": "tab", "Item": { "id": { "S": "a" } } } }] });
        let touched = partitions
            .touched(&database, "TransactWriteItems", body.to_string().as_bytes())
            .unwrap();
        assert_eq!(partitions.throttled(&touched, 0), [] as [usize; 0]);
        let usage = Usage {
            table: "tab".to_owned(),
            read: 0.0,
            write: 1_500.0,
            condition_failed: false,
        };
        partitions.consume(&touched, &[usage], 0);
        assert_eq!(partitions.throttled(&touched, 0), [0, 1]);
        assert_eq!(partitions.throttled(&touched, 501), [] as [usize; 0]);
        let refusal = touched.cancellation(&[1]);
        assert_eq!(refusal["CancellationReasons"][0]["Code"], "None");
        assert_eq!(refusal["CancellationReasons"][1]["Code"], "ThrottlingError");
        assert!(
            refusal["Message"]
                .as_str()
                .unwrap()
                .ends_with("[None, ThrottlingError]")
        );
    }
}
