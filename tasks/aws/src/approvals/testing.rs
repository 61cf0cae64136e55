//! The tables in memory, behind the SDK: conditions, transactions and indexes are evaluated as DynamoDB does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_workflows::{ApprovalRequest, AuditData, Decision, DecisionKind};

use super::deciding::Deciding;
use super::opening::Opening;
use super::table::Approvals;
use crate::fake::config_with;

pub(super) const NOW: i64 = 1_795_341_600_000;
pub(super) const DEADLINE_MS: i64 = 1_795_946_400_000;

type Operations = Arc<Mutex<Vec<String>>>;
/// The faults of the calls that come, in their order.
type Faults = Arc<Mutex<VecDeque<(String, Fault)>>>;

/// A fault of the next call of an operation.
#[derive(Clone)]
pub(super) enum Fault {
    /// Nothing is done; this is the answer.
    Instead(u16, Value),
    /// This is done before the call is.
    Before(Arc<dyn Fn(&Database) + Send + Sync>),
}

/// Both tables, and the calls that were made.
pub(super) struct World {
    pub(super) approvals: Approvals,
    pub(super) database: Database,
    operations: Operations,
    faults: Faults,
}

impl World {
    pub(super) fn new() -> Self {
        let database = Database::memory().unwrap();
        for table in [
            json!({
                "TableName": "Approvals", "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
                "AttributeDefinitions": [
                    { "AttributeName": "id", "AttributeType": "S" },
                    { "AttributeName": "open_shard", "AttributeType": "S" },
                    { "AttributeName": "expires_at_ms", "AttributeType": "N" }],
                "GlobalSecondaryIndexes": [{
                    "IndexName": "OpenByDeadline",
                    "KeySchema": [
                        { "AttributeName": "open_shard", "KeyType": "HASH" },
                        { "AttributeName": "expires_at_ms", "KeyType": "RANGE" }],
                    "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": [
                        "submission_id", "submission", "violations", "submitted_at", "expires_at", "opened_at_ms",
                        "summary", "mailed"] } }],
            }),
            json!({
                "TableName": "Audit", "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [
                    { "AttributeName": "approval_id", "KeyType": "HASH" },
                    { "AttributeName": "seq", "KeyType": "RANGE" }],
                "AttributeDefinitions": [
                    { "AttributeName": "approval_id", "AttributeType": "S" },
                    { "AttributeName": "seq", "AttributeType": "N" }],
            }),
        ] {
            database.create_table(serde_json::from_value(table).unwrap()).unwrap();
        }
        let (operations, faults) = (Operations::default(), Faults::default());
        let (seen, planned, tables) = (operations.clone(), faults.clone(), database.clone());
        let client = infallible_client_fn(move |request: http::Request<SdkBody>| {
            let target = request.headers()["x-amz-target"].to_str().unwrap();
            let operation = target.split_once('.').unwrap().1.to_owned();
            let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap().to_owned();
            seen.lock().unwrap().push(operation.clone());
            let fault = {
                let mut planned = planned.lock().unwrap();
                let due = planned.front().is_some_and(|(name, _)| *name == operation);
                due.then(|| planned.pop_front().unwrap().1)
            };
            let (status, answer) = match fault {
                Some(Fault::Instead(status, answer)) => (status, answer.to_string()),
                Some(Fault::Before(interfere)) => {
                    interfere(&tables);
                    call(&tables, &operation, &body)
                }
                None => call(&tables, &operation, &body),
            };
            http::Response::builder().status(status).body(answer).unwrap()
        });
        World {
            approvals: Approvals::new(&config_with(client), "Approvals".to_owned(), "Audit".to_owned()),
            database,
            operations,
            faults,
        }
    }

    /// The next call of `operation` meets this; then those after it, in turn.
    pub(super) fn plan(&self, operation: &str, fault: Fault) {
        self.faults.lock().unwrap().push_back((operation.to_owned(), fault));
    }

    /// The calls since the last look.
    pub(super) fn operations(&self) -> Vec<String> {
        std::mem::take(&mut *self.operations.lock().unwrap())
    }

    /// An item of the approvals, as it is.
    pub(super) fn row(&self, id: &str) -> Value {
        let request = json!({ "TableName": "Approvals", "Key": { "id": { "S": id } } });
        let (_, answer) = call(&self.database, "GetItem", &request.to_string());
        serde_json::from_str::<Value>(&answer).unwrap()["Item"].clone()
    }

    /// Writes an item of the approvals.
    pub(super) fn put(&self, item: &Value) {
        put(&self.database, item);
    }

    pub(super) async fn open(&self, request: &ApprovalRequest, expires_at_ms: i64) -> super::Opened {
        let opening = Opening {
            request,
            expires_at_ms,
            now_ms: NOW,
            summary: "Ada: the pincode is too short",
            limit: 0,
        };
        self.approvals.open(&opening).await.unwrap()
    }
}

pub(super) fn put(database: &Database, item: &Value) {
    let request = json!({ "TableName": "Approvals", "Item": item });
    let (status, answer) = call(database, "PutItem", &request.to_string());
    assert_eq!(status, 200, "{answer}");
}

fn call(database: &Database, operation: &str, body: &str) -> (u16, String) {
    fn run<Request: DeserializeOwned, Response: Serialize>(
        body: &str,
        run: impl FnOnce(Request) -> Result<Response, DynoxideError>,
    ) -> (u16, String) {
        match run(serde_json::from_str(body).unwrap()) {
            Ok(response) => (200, serde_json::to_string(&response).unwrap()),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }
    match operation {
        "GetItem" => run(body, |request| database.get_item(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        "Query" => run(body, |request| database.query(request)),
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
        other => panic!("an operation that the functions' roles do not have: {other}"),
    }
}

pub(super) fn request(submission: &str, token: &str) -> ApprovalRequest {
    serde_json::from_value(json!({
        "taskToken": token, "submission_id": submission, "round": 1, "submitted_at": "2026-11-22T10:00:00.000Z",
        "expires_at": "2026-11-29T10:00:00.000Z", "submission": { "user_name": "Ada" }, "violations": []}))
    .unwrap()
}

pub(super) fn decision(decided_by: &str) -> Decision {
    Decision {
        decision: DecisionKind::Reject,
        decided_by: decided_by.to_owned(),
        decided_at: "2026-11-23T10:00:00.000Z".to_owned(),
        comment: Some("unknown".to_owned()),
        reason: None,
        repaired: None,
    }
}

pub(super) fn deciding<'a>(decision: &'a Decision, data: &'a AuditData) -> Deciding<'a> {
    Deciding {
        decision,
        now_ms: NOW,
        batch: None,
        data,
    }
}

/// The refusal of a transaction in whose way another one was.
pub(super) fn conflict() -> Fault {
    let reasons = json!([{ "Code": "None" }, { "Code": "TransactionConflict" }, { "Code": "None" }]);
    Fault::Instead(
        400,
        json!({ "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "message": "m",
            "CancellationReasons": reasons }),
    )
}
