mod transactions;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::Request;
use bytes::Bytes;
use dynoxide::Database;
use http_body_util::Full;
use serde_json::{Value, json};
use sluice_clock::{Clock, ManualClock};
use sluice_service_testing::{NOW, Reply, account};
use sluice_wire::RequestId;
use tempfile::TempDir;

use crate::error::CallError;
use crate::http_fallback::HttpFallback;
use crate::in_process::InProcessCall;
use crate::tables::{Call, Tables};
use crate::wal::Wal;
use crate::{DynamoDb, DynamoError, EnsuredTable, Unobserved, ttl};

/// The service in a directory of its own.
struct World {
    dynamodb: DynamoDb,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tables.db");
        let dynamodb = DynamoDb::open(account(clock(), 1), &path, Arc::new(Unobserved)).unwrap();
        Self {
            dynamodb,
            _directory: directory,
        }
    }

    async fn call(&self, operation: &str, body: impl Into<Bytes>) -> Reply {
        let signed = signed(operation, Bytes::new());
        let request_id = RequestId::new(&self.dynamodb.account);
        let response = self
            .dynamodb
            .call(&request_id, operation, signed.headers(), body.into());
        Reply::of(response.await).await
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW))
}

fn table(key: &str) -> Value {
    json!({
        "TableName": "entries",
        "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": "S" }],
        "BillingMode": "PAY_PER_REQUEST",
    })
}

#[tokio::test]
async fn calls_are_answered_and_arns_are_this_accounts() {
    let world = World::new();
    assert_eq!(
        world.dynamodb.ensure_table(&table("id"), Some("expires")).unwrap(),
        EnsuredTable::Created
    );
    let described = world.call("DescribeTable", r#"{"TableName":"entries"}"#).await;
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
    assert_eq!(world.call("PutItem", put.to_string()).await.status, 200);
    let get = json!({ "TableName": "entries", "Key": { "id": { "S": "a" } } });
    let got = world.call("GetItem", get.to_string()).await;
    assert_eq!(got.json()["Item"]["x"]["S"], odd, "items are never touched");

    let tag = json!({ "ResourceArn": arn, "Tags": [{ "Key": "k", "Value": "v" }] });
    assert_eq!(world.call("TagResource", tag.to_string()).await.status, 200);
    let ttl = world.call("DescribeTimeToLive", r#"{"TableName":"entries"}"#).await;
    assert_eq!(ttl.json()["TimeToLiveDescription"]["AttributeName"], "expires");
}

#[tokio::test]
async fn errors_and_unknown_operations_keep_their_form() {
    let world = World::new();
    let reply = world
        .call("GetItem", r#"{"TableName":"gone","Key":{"id":{"S":"a"}}}"#)
        .await;
    assert_eq!(reply.status, 400);
    assert!(
        reply.json()["__type"]
            .as_str()
            .unwrap()
            .ends_with("#ResourceNotFoundException")
    );
    for operation in ["UpdateContinuousBackups", "DescribeContinuousBackups", "Nonsense"] {
        let reply = world.call(operation, r#"{"TableName":"entries"}"#).await;
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
    let dynamo = Tables::open(&path, clock()).unwrap();
    assert_eq!(dynamo.ensure_table(&table("id"), None).unwrap(), EnsuredTable::Created);
    drop(dynamo);
    let dynamo = Tables::open(&path, clock()).unwrap();
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

#[tokio::test]
async fn a_table_gets_the_indexes_that_its_stack_has_now() {
    let world = World::new();
    let with = |indexes: &[(&str, &str, &str)]| {
        let mut wanted = table("id");
        let mut attributes = vec![json!({ "AttributeName": "id", "AttributeType": "S" })];
        let mut made = Vec::new();
        for (name, key, projection) in indexes {
            attributes.push(json!({ "AttributeName": key, "AttributeType": "S" }));
            made.push(
                json!({ "IndexName": name, "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
                "Projection": { "ProjectionType": projection } }),
            );
        }
        if !made.is_empty() {
            wanted["GlobalSecondaryIndexes"] = made.into();
        }
        wanted["AttributeDefinitions"] = attributes.into();
        wanted
    };
    world.dynamodb.ensure_table(&with(&[]), None).unwrap();
    let put = json!({ "TableName": "entries",
        "Item": { "id": { "S": "a" }, "colour": { "S": "red" }, "width": { "S": "big" }, "more": { "S": "more" } } });
    assert_eq!(world.call("PutItem", put.to_string()).await.status, 200);
    // the members that each index shows of the item, which is older than the index
    let rows: &[&[(&str, &str, &str)]] = &[
        &[("by-colour", "colour", "KEYS_ONLY")],
        &[("by-colour", "colour", "ALL"), ("by-size", "width", "KEYS_ONLY")],
        &[("by-colour", "colour", "ALL"), ("by-size", "width", "KEYS_ONLY")],
        &[("by-size", "colour", "ALL")],
        &[],
    ];
    for indexes in rows {
        let ensured = world.dynamodb.ensure_table(&with(indexes), None).unwrap();
        assert_eq!(ensured, EnsuredTable::Existed);
        let query = |index: &str, key: &str, value: &str| {
            json!({ "TableName": "entries", "IndexName": index, "KeyConditionExpression": format!("{key} = :v"),
                "ExpressionAttributeValues": { ":v": { "S": value } } })
            .to_string()
        };
        let expected = |projection: &str| if projection == "ALL" { 4 } else { 2 };
        for (name, key, projection) in *indexes {
            let value = if *key == "colour" { "red" } else { "big" };
            let found = world.call("Query", query(name, key, value)).await;
            let item = found.json()["Items"][0].as_object().map(serde_json::Map::len);
            assert_eq!(item, Some(expected(projection)), "{indexes:?} {name}: {}", found.text);
        }
        let described = world.call("DescribeTable", r#"{"TableName":"entries"}"#).await;
        let names = described.json()["Table"]["GlobalSecondaryIndexes"]
            .as_array()
            .map_or(0, Vec::len);
        assert_eq!(names, indexes.len(), "{}", described.text);
    }
}

/// A call as the database's server wants it.
fn signed(operation: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("/")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0",
        )
        .header("x-amz-date", "20261122T132700Z")
        .body(Full::new(body.into()))
        .unwrap()
}

/// The same table twice: one called in process, the other by the database's server.
struct Pair {
    here: Database,
    there: HttpFallback,
}

impl Pair {
    fn new() -> Self {
        let here = Database::memory().unwrap();
        let mut there = HttpFallback::new(Database::memory().unwrap());
        let create = table("id");
        here.create_table(serde_json::from_value(create.clone()).unwrap())
            .unwrap();
        there.send(signed("CreateTable", create.to_string())).unwrap();
        Self { here, there }
    }

    /// Makes a call both ways. Each call sees what those before it wrote.
    fn check(&mut self, operation: &str, members: &str, status: u16) {
        self.check_body(operation, format!(r#"{{"TableName":"entries",{members}}}"#), status);
    }

    fn check_body(&mut self, operation: &str, body: String, status: u16) {
        let call = InProcessCall::decode(operation, body.as_bytes()).unwrap_or_else(|| panic!("not plain: {body}"));
        let ours = call.run(&self.here).unwrap_or_else(|| panic!("not answered: {body}"));
        let theirs = self.there.send(signed(operation, body.clone())).unwrap();
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(
            (ours.status, json(ours.body.as_bytes())),
            (theirs.status.as_u16(), json(&theirs.body)),
            "{operation} {body}"
        );
        assert_eq!(ours.status, status, "{operation} {body}: {}", ours.body);
        assert!(ours.status == 200 || !ours.wrote, "{operation} {body}");
    }
}

#[test]
fn calls_in_process_are_answered_as_the_server_answers_them() {
    let mut pair = Pair::new();
    let mut check = |operation: &str, members: &str, status: u16| pair.check(operation, members, status);
    let new = r#""ConditionExpression":"attribute_not_exists(id)""#;
    check(
        "PutItem",
        &format!(r#""Item":{{"id":{{"S":"a"}},"n":{{"N":"1.50"}}}},{new}"#),
        200,
    );
    check("PutItem", &format!(r#""Item":{{"id":{{"S":"a"}}}},{new}"#), 400);
    check(
        "PutItem",
        &format!(r#""Item":{{"id":{{"S":"a"}}}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD",{new}"#),
        400,
    );
    check(
        "PutItem",
        r#""Item":{"id":{"S":"b"},"l":{"L":[{"NULL":true},{"BOOL":false},{"B":"AAE="}]}},"ReturnConsumedCapacity":"TOTAL""#,
        200,
    );
    check(
        "PutItem",
        r#""Item":{"id":{"S":"c"},"s":{"NS":["3","1"]}},"ReturnValues":"ALL_OLD""#,
        200,
    );
    check("GetItem", r#""Key":{"id":{"S":"a"}},"ConsistentRead":true"#, 200);
    check(
        "GetItem",
        r##""Key":{"id":{"S":"a"}},"ProjectionExpression":"#n","ExpressionAttributeNames":{"#n":"n"}"##,
        200,
    );
    check("GetItem", r#""Key":{"id":{"S":"none"}}"#, 200);
    let add = r#""Key":{"id":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"2"}}"#;
    check("UpdateItem", &format!(r#"{add},"ReturnValues":"ALL_NEW""#), 200);
    check("UpdateItem", &format!(r#"{add},{new}"#), 400);
    check(
        "Query",
        r#""KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"a"}},"ScanIndexForward":false"#,
        200,
    );
    check("Scan", r#""Limit":1"#, 200);
    check("Scan", r#""ExclusiveStartKey":{"id":{"S":"a"}},"Select":"COUNT""#, 200);
    check("DeleteItem", r#""Key":{"id":{"S":"c"}},"ReturnValues":"ALL_OLD""#, 200);
    check("DeleteItem", &format!(r#""Key":{{"id":{{"S":"a"}}}},{new}"#), 400);
    check_refusals(&mut pair);
}

/// Calls that are refused by the operation rather than by the decoding.
fn check_refusals(pair: &mut Pair) {
    let mut check = |operation: &str, members: &str, status: u16| pair.check(operation, members, status);
    let add = r#""Key":{"id":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"2"}}"#;
    check("PutItem", r#""Item":{"x":{"S":"no key"}}"#, 400);
    check("PutItem", r#""Item":{"id":{"N":"7"}}"#, 400);
    check("PutItem", r#""Item":{"id":{"S":""}}"#, 400);
    check("PutItem", r#""Item":{"id":{"S":"d"},"s":{"SS":["x","x"]}}"#, 400);
    check("PutItem", r#""Item":{"id":{"S":"d"},"s":{"SS":[]}}"#, 400);
    check("PutItem", r#""Item":{"id":{"S":"d"},"":{"S":"x"}}"#, 400);
    check("PutItem", r#""Item":{"id":{"S":"d"}},"ConditionExpression":"x =""#, 400);
    check("GetItem", r#""Key":{"id":{"S":"a"},"more":{"S":"a"}}"#, 400);
    check(
        "GetItem",
        r##""Key":{"id":{"S":"a"}},"ExpressionAttributeNames":{"#n":"n"}"##,
        400,
    );
    check(
        "UpdateItem",
        &format!(r#"{add},"ReturnValues":"ALL_NEW","Limit":3"#),
        200,
    );
    check(
        "UpdateItem",
        r#""Key":{"id":{"S":"a"}},"UpdateExpression":"ADD n :n""#,
        400,
    );
    check(
        "Query",
        r#""KeyConditionExpression":"n = :i","ExpressionAttributeValues":{":i":{"S":"a"}}"#,
        400,
    );
    check("Query", r#""Select":"COUNT""#, 400);
    check("Scan", r#""IndexName":"none""#, 400);
    check("Scan", r#""FilterExpression":"a = b AND""#, 400);
}

/// Rubbish and the older API too: nothing here is plain, so this is about the way by the book and back.
#[tokio::test]
async fn what_is_not_plain_is_answered_all_the_same() {
    let world = World::new();
    world.dynamodb.ensure_table(&table("id"), None).unwrap();
    for (operation, body, status, part) in [
        (
            "PutItem",
            r#"{"TableName":"entries","Item":{"id":{"S":1}}}"#,
            400,
            "SerializationException",
        ),
        (
            "PutItem",
            r#"{"TableName":"entries","Item":{"id":{"S":"a","N":"1"}}}"#,
            400,
            "more than one datatypes",
        ),
        (
            "PutItem",
            r#"{"TableName":"entries","Item":{"id":{"S":"a"},"n":{"N":"x"}}}"#,
            400,
            "1 validation error detected",
        ),
        ("PutItem", r#"{"TableName":"e"}"#, 400, "validation errors detected"),
        ("PutItem", "{", 400, "SerializationException"),
        ("PutItem", "", 400, "SerializationException"),
        (
            "PutItem",
            r#"{"TableName":"entries","Item":{"id":{"S":"a"}},"Expected":{"id":{"Exists":false}}}"#,
            200,
            "{}",
        ),
        (
            "GetItem",
            r#"{"TableName":"entries","Key":{"id":{"S":"a"}},"AttributesToGet":["id"]}"#,
            200,
            r#""S":"a""#,
        ),
        (
            "ExecuteStatement",
            r#"{"Statement":"SELECT * FROM entries"}"#,
            200,
            r#""S":"a""#,
        ),
        ("ListTables", "{}", 200, "entries"),
        (
            "TransactWriteItems",
            r#"{"TransactItems":[{"Delete":{"TableName":"entries","Key":{"id":{"S":"a"}}}}]}"#,
            200,
            "{}",
        ),
        (
            "BatchGetItem",
            r#"{"RequestItems":{"entries":{"Keys":[{"id":{"S":"a"}}]}}}"#,
            200,
            r#""entries":[]"#,
        ),
    ] {
        let reply = world.call(operation, body).await;
        assert_eq!(reply.status, status, "{operation} {body}: {}", reply.text);
        assert!(reply.text.contains(part), "{operation} {body}: {}", reply.text);
    }
}

fn put(number: usize) -> Call {
    let item = json!({ "id": { "S": format!("i{number}") }, "text": { "S": "x".repeat(300) } });
    let body = Bytes::from(json!({ "TableName": "entries", "Item": item }).to_string());
    Call {
        in_process: InProcessCall::decode("PutItem", &body),
        request: signed("PutItem", body),
        writes: true,
    }
}

fn items(database: &Path) -> Result<usize, String> {
    let database = Database::new(database.to_str().unwrap()).map_err(|error| error.to_string())?;
    let request = json!({ "TableName": "entries", "Select": "COUNT" });
    let page = database.scan(serde_json::from_value(request).unwrap());
    page.map(|page| page.count).map_err(|error| error.to_string())
}

/// Puts an item that expires at a time, in seconds, or at none.
async fn put_expiring(dynamo: &Tables, id: &str, expires: Value) {
    let mut item = json!({ "id": { "S": id } });
    if !expires.is_null() {
        item["expires"] = expires;
    }
    let body = Bytes::from(json!({ "TableName": "entries", "Item": item }).to_string());
    let call = Call {
        in_process: InProcessCall::decode("PutItem", &body),
        request: signed("PutItem", body),
        writes: true,
    };
    assert_eq!(dynamo.send(call).await.unwrap().status, 200);
}

fn ids(dynamo: &Tables) -> Vec<String> {
    let request = json!({ "TableName": "entries" });
    let open = dynamo.open_tables().unwrap();
    let page = open.database.scan(serde_json::from_value(request).unwrap()).unwrap();
    let page = serde_json::to_value(page).unwrap();
    let items = page["Items"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<String> = items
        .iter()
        .map(|item| item["id"]["S"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn items_go_once_their_time_to_live_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let dynamo = Tables::open(&directory.path().join("tables.db"), clock()).unwrap();
    dynamo.ensure_table(&table("id"), Some("expires")).unwrap();
    let now = NOW / 1_000;
    let number = |at: i64| json!({ "N": at.to_string() });
    for (id, expires) in [
        ("never", Value::Null),
        ("now", number(now)),
        ("soon", number(now + 60)),
        ("later", number(now + 8 * 86_400)),
        ("text", json!({ "S": (now - 10).to_string() })),
        ("long ago", number(now - 6 * 365 * 86_400)),
        ("part", json!({ "N": format!("{}.5", now + 30) })),
    ] {
        put_expiring(&dynamo, id, expires).await;
    }
    let check = |at: i64, deleted: usize, left: &[&str]| {
        assert_eq!(
            ttl::sweep(&dynamo.open_tables().unwrap().database, at, &mut || true).unwrap(),
            deleted,
            "at {at}"
        );
        assert_eq!(ids(&dynamo), left, "at {at}");
    };
    check(now, 0, &["later", "long ago", "never", "now", "part", "soon", "text"]);
    check(now + 1, 1, &["later", "long ago", "never", "part", "soon", "text"]);
    check(now + 61, 2, &["later", "long ago", "never", "text"]);
    check(now + 400 * 86_400, 1, &["long ago", "never", "text"]);
}

#[tokio::test]
async fn many_items_expire_in_portions_and_no_other_table_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let dynamo = Tables::open(&directory.path().join("tables.db"), clock()).unwrap();
    dynamo.ensure_table(&table("id"), None).unwrap();
    for number in 0..120 {
        let expires = json!({ "N": (NOW / 1_000 + number % 2 * 1_000).to_string() });
        put_expiring(&dynamo, &format!("i{number}"), expires).await;
    }
    let at = NOW / 1_000 + 500;
    let mut portions = 0;
    let mut pause = || {
        portions += 1;
        true
    };
    assert_eq!(
        ttl::sweep(&dynamo.open_tables().unwrap().database, at, &mut pause).unwrap(),
        0,
        "not enabled"
    );
    dynamo.ensure_table(&table("id"), Some("expires")).unwrap();
    assert_eq!(
        ttl::sweep(&dynamo.open_tables().unwrap().database, at, &mut pause).unwrap(),
        60
    );
    assert!(portions >= 3, "{portions}");
    assert_eq!(ids(&dynamo).len(), 60);
    assert_eq!(
        ttl::sweep(&dynamo.open_tables().unwrap().database, at + 1_000, &mut || false).unwrap(),
        50,
        "it was told to stop"
    );
}

#[tokio::test]
async fn an_advanced_clock_takes_what_has_expired_by_then() {
    let directory = tempfile::tempdir().unwrap();
    let clock = clock();
    let dynamo = Tables::open(&directory.path().join("tables.db"), clock.clone()).unwrap();
    dynamo.ensure_table(&table("id"), Some("expires")).unwrap();
    put_expiring(&dynamo, "a", json!({ "N": (NOW / 1_000 + 90).to_string() })).await;
    clock.advance(Duration::from_secs(100));
    assert_eq!(dynamo.sweep_expired().await, Some(1));
    assert_eq!(ids(&dynamo), Vec::<String>::new());
    assert_eq!(dynamo.sweep_expired().await, Some(0));
}

/// The state that a power cut leaves, taken at the moment of a sync: the log as it is then, and the database as it was at the last
/// moment for which SQLite promises anything, the restart of the log; what was copied into it since may be lost.
struct Disk {
    database: PathBuf,
    salt: [u8; 8],
    synced: PathBuf,
    /// The number of times that the log began anew.
    logs: usize,
    /// The log at the next sync is of interest.
    wanted: bool,
    log: Vec<u8>,
}

impl Disk {
    fn new(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            salt: [0; 8],
            synced: database.with_file_name("synced.db"),
            logs: 0,
            wanted: false,
            log: Vec::new(),
        }
    }

    fn log_of(database: &Path) -> PathBuf {
        database.with_extension("db-wal")
    }

    fn sync(&mut self) {
        let mut log = std::fs::File::open(Self::log_of(&self.database)).unwrap();
        let mut header = [0; 32];
        log.read_exact(&mut header).unwrap();
        if self.salt != header[16..24] {
            self.logs += 1;
            self.salt.copy_from_slice(&header[16..24]);
            std::fs::copy(&self.database, &self.synced).unwrap();
        }
        if std::mem::take(&mut self.wanted) {
            self.log = header.to_vec();
            log.read_to_end(&mut self.log).unwrap();
        }
    }

    /// The number of items after a power cut, twice: all, or none, of what was copied into the database since is
    /// lost.
    fn items_after_a_cut(&mut self) -> [usize; 2] {
        let log = std::mem::take(&mut self.log);
        [&self.synced, &self.database].map(|database| {
            let left = self.database.with_file_name("left.db");
            std::fs::copy(database, &left).unwrap();
            std::fs::write(Self::log_of(&left), &log).unwrap();
            items(&left).unwrap()
        })
    }
}

#[tokio::test]
async fn a_power_cut_after_any_answer_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tables.db");
    let disk = Arc::new(Mutex::new(Disk::new(&path)));
    let synced = Arc::clone(&disk);
    let dynamo = Tables::open_with_sync(&path, clock(), move |wal: &Wal| {
        synced.lock().unwrap().sync();
        wal.sync()
    })
    .unwrap();
    dynamo.ensure_table(&table("id"), None).unwrap();
    // Some frames a put, a checkpoint after a thousand, and then a new log: each is passed several times.
    for number in 0..1500 {
        let cut = number % 83 == 0;
        disk.lock().unwrap().wanted = cut;
        assert_eq!(dynamo.send(put(number)).await.unwrap().status, 200);
        if cut {
            assert_eq!(disk.lock().unwrap().items_after_a_cut(), [number + 1; 2]);
        }
    }
    let logs = disk.lock().unwrap().logs;
    assert!(logs >= 3, "{logs} logs only");
}

#[tokio::test]
async fn writers_share_syncs_and_are_answered_after_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tables.db");
    let (began, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, finished) = (Arc::clone(&began), Arc::clone(&ended));
    let dynamo = Tables::open_with_sync(&path, clock(), move |wal: &Wal| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5)); // a slow disk
        let result = wal.sync();
        finished.fetch_add(1, Ordering::SeqCst);
        result
    })
    .unwrap();
    dynamo.ensure_table(&table("id"), None).unwrap();
    let dynamo = Arc::new(dynamo);
    let writers: Vec<_> = (0..100)
        .map(|number| {
            let (dynamo, began, ended) = (Arc::clone(&dynamo), Arc::clone(&began), Arc::clone(&ended));
            tokio::spawn(async move {
                let before = began.load(Ordering::SeqCst);
                assert_eq!(dynamo.send(put(number)).await.unwrap().status, 200);
                assert!(
                    ended.load(Ordering::SeqCst) > before,
                    "answered before a sync that began after it"
                );
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let syncs = began.load(Ordering::SeqCst);
    assert!(syncs < 50, "{syncs} syncs for 100 writes");
    drop(dynamo);
    assert_eq!(items(&path), Ok(100));
}

#[tokio::test]
async fn what_is_closed_has_no_log_though_somebody_holds_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tables.db");
    let dynamo = Tables::open(&path, clock()).unwrap();
    dynamo.ensure_table(&table("id"), None).unwrap();
    assert_eq!(dynamo.send(put(0)).await.unwrap().status, 200);
    // a connection of the fallback's server is open as well
    let call = Call {
        in_process: None,
        ..put(1)
    };
    assert_eq!(dynamo.send(call).await.unwrap().status, 200);
    assert!(Disk::log_of(&path).exists());
    dynamo.close();
    assert!(!Disk::log_of(&path).exists());
    assert_eq!(dynamo.send(put(2)).await.unwrap_err(), CallError::Closed);
    let refused = dynamo.ensure_table(&table("id"), None);
    assert!(matches!(refused, Err(DynamoError::Closed)), "{refused:?}");
    assert_eq!(items(&path), Ok(2));
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_taken_in() {
    let directory = tempfile::tempdir().unwrap();
    let dynamo = Tables::open_with_sync(&directory.path().join("tables.db"), clock(), |_: &Wal| {
        Err(std::io::Error::other("the disk is gone"))
    })
    .unwrap();
    dynamo.ensure_table(&table("id"), None).unwrap();
    for number in 0..2 {
        let error = dynamo.send(put(number)).await.unwrap_err().to_string();
        assert!(error.contains("the disk is gone"), "{error}");
    }
}
