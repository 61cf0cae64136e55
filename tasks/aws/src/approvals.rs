mod waiting;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use serde::de::DeserializeOwned;
use sluice_workflows::{ApprovalRequest, Decision, Submission, TaskToken, Violation};

use crate::call::CallError;
use crate::secret::SecretHash;

pub use waiting::Waiting;

type Item = HashMap<String, AttributeValue>;

const UPDATE: &str = "dynamodb:UpdateItem";
const GET: &str = "dynamodb:GetItem";

/// The time that a record outlives its approval: as long as Step Functions keeps the history of the execution.
const KEPT_MS: i64 = 90 * 86_400_000;

/// The table of approvals: one record for each round of a submission that an admin is asked about.
#[derive(Debug, Clone)]
pub struct Approvals {
    client: Client,
    table: String,
}

/// One approval, as the table holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRecord {
    /// `<submission id>.<round>`.
    pub id: String,
    /// The submission.
    pub submission_id: String,
    /// Its fields.
    pub submission: Submission,
    /// The rules that they break.
    pub violations: Vec<Violation>,
    /// The time at which the submission came in (ISO 8601, UTC).
    pub submitted_at: String,
    /// The time at which the workflow stops waiting (ISO 8601, UTC).
    pub expires_at: String,
    /// The same in milliseconds since 1970.
    pub expires_at_ms: i64,
    /// The hashes of the secrets in all mails that went out about it.
    pub secret_hashes: Vec<SecretHash>,
    /// The newest task token.
    pub task_token: TaskToken,
    /// True if more than the process that took the decision may have sent it to this token (attribute `told_again`).
    pub redelivered: bool,
    /// The state of the decision.
    pub state: ApprovalState,
}

/// The state of an approval's decision.
#[derive(Debug, Clone, PartialEq)]
pub enum ApprovalState {
    /// Nobody decided yet; it may have expired.
    Open,
    /// Somebody decided; nothing changes that.
    Decided(Box<Decision>, Delivery),
}

/// The state of a decision's delivery to the workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Not for certain. Delivering it again is harmless.
    Pending,
    /// It took it. Nothing changes that for this token.
    Done,
    /// It no longer waited for it.
    Closed,
}

/// The result of asking.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// The record is there and open.
    Waiting,
    /// It was decided in an earlier attempt; the record now holds the new token, and the workflow needs the decision.
    AlreadyDecided(Box<Decision>),
}

/// The result of deciding.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// This decision was written.
    Now(Box<ApprovalRecord>),
    /// It was not: somebody decided before, it has expired, or the secret is not the record's. The record as it is.
    NotOpen(Box<ApprovalRecord>),
    /// There is no such record.
    Missing,
}

impl Approvals {
    /// The table of this name.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Approvals {
            client: Client::new(config),
            table,
        }
    }

    /// Writes the record of `request`, or adds the hash to one that is open and puts in the newer token.
    ///
    /// Links from earlier mails stay valid. A record that is decided is not opened again: it gets the new token, so
    /// that its decision can still be delivered.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn open(
        &self,
        request: &ApprovalRequest,
        expires_at_ms: i64,
        hash: &SecretHash,
    ) -> Result<Opened, CallError> {
        let id = request.approval_id();
        let ttl = (expires_at_ms + KEPT_MS).div_euclid(1000);
        let update = self
            .update(&id)
            .update_expression(
                "SET submission_id = :submission_id, submission = :submission, violations = :violations, \
                 submitted_at = :submitted_at, expires_at = :expires_at, expires_at_ms = :expires_at_ms, \
                 #ttl = :ttl, task_token = :token, standing = :standing ADD secret_hashes :hash",
            )
            .condition_expression("attribute_not_exists(decision)")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":submission_id", text(&request.submission_id))
            .expression_attribute_values(":submission", json(UPDATE, &request.submission)?)
            .expression_attribute_values(":violations", json(UPDATE, &request.violations)?)
            .expression_attribute_values(":submitted_at", text(&request.submitted_at))
            .expression_attribute_values(":expires_at", text(&request.expires_at))
            .expression_attribute_values(":expires_at_ms", number(expires_at_ms))
            .expression_attribute_values(":ttl", number(ttl))
            .expression_attribute_values(":token", text(request.task_token.reveal()))
            .expression_attribute_values(":standing", text("open"))
            .expression_attribute_values(":hash", AttributeValue::Ss(vec![hash.as_str().to_owned()]));
        match self.send(update).await? {
            Updated::Yes(_) => Ok(Opened::Waiting),
            Updated::ConditionFailed(_) => self.renew_token(&id, &request.task_token).await,
        }
    }

    async fn renew_token(&self, id: &str, token: &TaskToken) -> Result<Opened, CallError> {
        let update = self
            .update(id)
            .update_expression(
                "SET task_token = :token, standing = :standing REMOVE delivered_at, closed_at, told_again",
            )
            .condition_expression("attribute_exists(decision)")
            .expression_attribute_values(":token", text(token.reveal()))
            .expression_attribute_values(":standing", text("decided"));
        let (Updated::Yes(row) | Updated::ConditionFailed(row)) = self.send(update).await?;
        match row.as_ref().map(read).transpose()?.map(|record| record.state) {
            Some(ApprovalState::Decided(decision, _)) => Ok(Opened::AlreadyDecided(decision)),
            Some(ApprovalState::Open) | None => Err(CallError::unreadable(
                UPDATE,
                format!("approval {id} was decided and then was not"),
            )),
        }
    }

    /// The record of an approval, as last written.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or the row cannot be read.
    pub async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", text(id))
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| CallError::from_sdk(GET, &error))?;
        answer.item().map(read).transpose()
    }

    /// Writes `decision`, if the record is open, knows the hash, and has not expired at `now_ms` (milliseconds since
    /// 1970): one conditional write, so that of any number of decisions exactly one counts.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer. The decision may then have been written.
    pub async fn decide(
        &self,
        id: &str,
        hash: &SecretHash,
        now_ms: i64,
        decision: &Decision,
    ) -> Result<Decided, CallError> {
        let update = self
            .update(id)
            .update_expression("SET decision = :decision, standing = :standing")
            .condition_expression(
                "attribute_exists(id) AND attribute_not_exists(decision) AND contains(secret_hashes, :hash) \
                 AND expires_at_ms > :now",
            )
            .expression_attribute_values(":decision", json(UPDATE, decision)?)
            .expression_attribute_values(":standing", text("decided"))
            .expression_attribute_values(":hash", text(hash.as_str()))
            .expression_attribute_values(":now", number(now_ms));
        Ok(match self.send(update).await? {
            Updated::Yes(Some(row)) => Decided::Now(Box::new(read(&row)?)),
            Updated::Yes(None) => return Err(CallError::unreadable(UPDATE, "the answer lacks the written record")),
            Updated::ConditionFailed(Some(row)) => Decided::NotOpen(Box::new(read(&row)?)),
            Updated::ConditionFailed(None) => match self.get(id).await? {
                Some(record) => Decided::NotOpen(Box::new(record)),
                None => Decided::Missing,
            },
        })
    }

    /// Records that a process that did not take the decision is about to send it to `token`. So whoever took it can tell
    /// "somebody was faster than me" from "nobody waits".
    ///
    /// Answers `false`, and writes nothing, if the record has a newer token, or the delivery came to an end meanwhile.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn announce_redelivery(&self, id: &str, token: &TaskToken) -> Result<bool, CallError> {
        let update = self
            .update(id)
            .update_expression("SET told_again = :true")
            .condition_expression(
                "attribute_exists(decision) AND task_token = :token AND attribute_not_exists(delivered_at) \
                 AND attribute_not_exists(closed_at)",
            )
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":token", text(token.reveal()));
        Ok(matches!(self.send(update).await?, Updated::Yes(_)))
    }

    /// Records what came of delivering the decision to `token` at `at` (ISO 8601, UTC).
    ///
    /// Answers `false`, and writes nothing, if the record has a newer token by now (the decision must go to that one), or
    /// if it is delivered and this would say otherwise.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn record_delivery(
        &self,
        id: &str,
        token: &TaskToken,
        at: &str,
        delivery: &Delivery,
    ) -> Result<bool, CallError> {
        const SAME_TOKEN: &str = "attribute_exists(decision) AND task_token = :token";
        const UNDELIVERED: &str =
            "attribute_exists(decision) AND task_token = :token AND attribute_not_exists(delivered_at)";
        let (expression, condition, standing) = match delivery {
            Delivery::Pending => ("SET standing = :standing REMOVE closed_at", UNDELIVERED, "decided"),
            Delivery::Done => (
                "SET standing = :standing, delivered_at = :at REMOVE closed_at",
                SAME_TOKEN,
                "delivered",
            ),
            Delivery::Closed => ("SET standing = :standing, closed_at = :at", UNDELIVERED, "closed"),
        };
        let mut update = self
            .update(id)
            .update_expression(expression)
            .condition_expression(condition)
            .expression_attribute_values(":standing", text(standing))
            .expression_attribute_values(":token", text(token.reveal()));
        if expression.contains(":at") {
            update = update.expression_attribute_values(":at", text(at));
        }
        Ok(match self.send(update).await? {
            Updated::Yes(_) => true,
            Updated::ConditionFailed(_) => false,
        })
    }

    fn update(&self, id: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("id", text(id))
    }

    async fn send(&self, update: UpdateItemFluentBuilder) -> Result<Updated, CallError> {
        let update = update
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(answer) => Ok(Updated::Yes(answer.attributes)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(held)) => {
                    Ok(Updated::ConditionFailed(held.item().cloned()))
                }
                Some(_) | None => Err(CallError::from_sdk(UPDATE, &error)),
            },
        }
    }
}

/// The result of a conditional update, with the row after it or, if it did nothing, as it is.
enum Updated {
    Yes(Option<Item>),
    ConditionFailed(Option<Item>),
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn json(action: &'static str, value: &impl serde::Serialize) -> Result<AttributeValue, CallError> {
    serde_json::to_string(value)
        .map(AttributeValue::S)
        .map_err(|error| CallError::unreadable(action, error.to_string()))
}

fn read(row: &Item) -> Result<ApprovalRecord, CallError> {
    let id = string(row, "id")?;
    let state = match row.get("decision") {
        None => ApprovalState::Open,
        Some(_) => {
            let delivery = match (row.contains_key("delivered_at"), row.contains_key("closed_at")) {
                (true, _) => Delivery::Done,
                (false, true) => Delivery::Closed,
                (false, false) => Delivery::Pending,
            };
            ApprovalState::Decided(Box::new(parsed(row, "decision")?), delivery)
        }
    };
    let hashes = row.get("secret_hashes").and_then(|value| value.as_ss().ok());
    let expires_at_ms = row
        .get("expires_at_ms")
        .and_then(|value| value.as_n().ok())
        .and_then(|text| text.parse().ok());
    Ok(ApprovalRecord {
        submission_id: string(row, "submission_id")?,
        submission: parsed(row, "submission")?,
        violations: parsed(row, "violations")?,
        submitted_at: string(row, "submitted_at")?,
        expires_at: string(row, "expires_at")?,
        expires_at_ms: expires_at_ms.ok_or_else(|| unusable(&id, "expires_at_ms"))?,
        secret_hashes: hashes
            .into_iter()
            .flatten()
            .map(|hash| SecretHash::from_table(hash))
            .collect(),
        task_token: TaskToken::new(string(row, "task_token")?),
        redelivered: row.contains_key("told_again"),
        state,
        id,
    })
}

fn string(row: &Item, name: &str) -> Result<String, CallError> {
    let value = row.get(name).and_then(|value| value.as_s().ok()).cloned();
    value.ok_or_else(|| {
        unusable(
            row.get("id").and_then(|id| id.as_s().ok()).map_or("?", String::as_str),
            name,
        )
    })
}

fn parsed<T: DeserializeOwned>(row: &Item, name: &str) -> Result<T, CallError> {
    let text = string(row, name)?;
    serde_json::from_str(&text).map_err(|_| {
        unusable(
            row.get("id").and_then(|id| id.as_s().ok()).map_or("?", String::as_str),
            name,
        )
    })
}

fn unusable(id: &str, name: &str) -> CallError {
    CallError::unreadable(
        GET,
        format!("approval {id} has no usable {name}: was the row edited by hand?"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sluice_workflows::DecisionKind;

    use super::*;
    use crate::fake::Fake;
    use crate::secret::Secret;

    fn request() -> ApprovalRequest {
        serde_json::from_value(json!({
            "taskToken": "T2", "submission_id": "s-1", "round": 2, "submitted_at": "2026-11-22T10:00:00.000Z",
            "expires_at": "2026-11-29T10:00:00.000Z", "submission": {"user_name": "Ada"}, "violations": []}))
        .unwrap()
    }

    fn decision() -> Decision {
        Decision {
            decision: DecisionKind::Reject,
            decided_by: "Grace".to_owned(),
            decided_at: "2026-11-23T10:00:00.000Z".to_owned(),
            comment: Some("unknown".to_owned()),
            repaired: None,
        }
    }

    fn row(more: Value) -> Value {
        let mut row = json!({"id": {"S": "s-1.2"}, "submission_id": {"S": "s-1"}, "submission": {"S": "{\"user_name\":\"Ada\"}"},
            "violations": {"S": "[]"}, "submitted_at": {"S": "2026-11-22T10:00:00.000Z"},
            "expires_at": {"S": "2026-11-29T10:00:00.000Z"}, "expires_at_ms": {"N": "1795946400000"},
            "secret_hashes": {"SS": ["h1", "h2"]}, "task_token": {"S": "T2"}});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    }

    fn refusal(row: &Value) -> (u16, Value) {
        let refusal = json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed", "Item": row});
        (400, refusal)
    }

    fn decided(more: Value) -> Value {
        let mut row = row(json!({"decision": {"S": serde_json::to_string(&decision()).unwrap()}}));
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    }

    fn table(fake: &Fake) -> Approvals {
        Approvals::new(&fake.config(), "T".to_owned())
    }

    #[tokio::test]
    async fn asking_adds_the_hash_and_keeps_the_newest_token() {
        let fake = Fake::new(vec![(200, json!({"Attributes": row(json!({}))}))]);
        let hash = Secret::from_bytes([7; 32]).hash();
        let opened = table(&fake).open(&request(), 1_795_946_400_000, &hash).await.unwrap();
        assert_eq!(opened, Opened::Waiting);
        let (_, body) = fake.only_request();
        assert_eq!(body["Key"], json!({"id": {"S": "s-1.2"}}));
        assert!(
            body["UpdateExpression"]
                .as_str()
                .unwrap()
                .ends_with("ADD secret_hashes :hash")
        );
        assert_eq!(body["ConditionExpression"], "attribute_not_exists(decision)");
        let values = &body["ExpressionAttributeValues"];
        assert_eq!(values[":hash"], json!({"SS": [hash.as_str()]}));
        assert_eq!(values[":token"], json!({"S": "T2"}));
        assert_eq!(values[":ttl"], json!({"N": "1803722400"}));
    }

    #[tokio::test]
    async fn a_decided_approval_is_not_opened_again_but_takes_the_new_token() {
        let fake = Fake::new(vec![
            refusal(&decided(json!({}))),
            (200, json!({"Attributes": decided(json!({}))})),
        ]);
        let opened = table(&fake)
            .open(&request(), 0, &Secret::from_bytes([7; 32]).hash())
            .await
            .unwrap();
        assert_eq!(opened, Opened::AlreadyDecided(Box::new(decision())));
        let (_, body) = fake.requests().remove(1);
        assert_eq!(
            body["UpdateExpression"],
            "SET task_token = :token, standing = :standing REMOVE delivered_at, closed_at, told_again"
        );
    }

    #[tokio::test]
    async fn a_record_says_whether_it_is_decided_and_delivered() {
        let rows = [
            (row(json!({})), ApprovalState::Open),
            (
                decided(json!({})),
                ApprovalState::Decided(Box::new(decision()), Delivery::Pending),
            ),
            (
                decided(json!({"delivered_at": {"S": "t"}})),
                ApprovalState::Decided(Box::new(decision()), Delivery::Done),
            ),
            (
                decided(json!({"closed_at": {"S": "t"}})),
                ApprovalState::Decided(Box::new(decision()), Delivery::Closed),
            ),
        ];
        for (row, expected) in rows {
            let fake = Fake::new(vec![(200, json!({"Item": row}))]);
            let record = table(&fake).get("s-1.2").await.unwrap().unwrap();
            assert_eq!(record.state, expected);
            assert_eq!(record.expires_at_ms, 1_795_946_400_000);
            assert_eq!(record.secret_hashes.len(), 2);
            assert_eq!(fake.only_request().1["ConsistentRead"], true);
        }
        let fake = Fake::new(vec![(200, json!({}))]);
        assert_eq!(table(&fake).get("s-1.2").await.unwrap(), None);
        let fake = Fake::new(vec![(200, json!({"Item": {"id": {"S": "s-1.2"}}}))]);
        assert!(
            table(&fake)
                .get("s-1.2")
                .await
                .unwrap_err()
                .message
                .contains("approval s-1.2 has no usable")
        );
    }

    #[tokio::test]
    async fn deciding_is_one_conditional_write() {
        let hash = Secret::from_bytes([7; 32]).hash();
        let fake = Fake::new(vec![(200, json!({"Attributes": decided(json!({}))}))]);
        let got = table(&fake).decide("s-1.2", &hash, 42, &decision()).await.unwrap();
        assert!(matches!(got, Decided::Now(record) if record.task_token.reveal() == "T2"));
        let (_, body) = fake.only_request();
        let condition = body["ConditionExpression"].as_str().unwrap();
        for part in [
            "attribute_not_exists(decision)",
            "contains(secret_hashes, :hash)",
            "expires_at_ms > :now",
        ] {
            assert!(condition.contains(part), "{condition}");
        }
        assert_eq!(body["ExpressionAttributeValues"][":now"], json!({"N": "42"}));

        let fake = Fake::new(vec![refusal(&decided(json!({})))]);
        let got = table(&fake).decide("s-1.2", &hash, 42, &decision()).await.unwrap();
        assert!(matches!(got, Decided::NotOpen(_)));
        // Some emulators leave the row out of the refusal.
        let fake = Fake::new(vec![refusal(&Value::Null), (200, json!({}))]);
        assert_eq!(
            table(&fake).decide("s-1.2", &hash, 42, &decision()).await.unwrap(),
            Decided::Missing
        );
    }

    #[tokio::test]
    async fn a_delivery_to_an_old_token_is_not_noted() {
        let token = TaskToken::new("T1".to_owned());
        let fake = Fake::new(vec![refusal(&decided(json!({})))]);
        assert!(
            !table(&fake)
                .record_delivery("s-1.2", &token, "t", &Delivery::Done)
                .await
                .unwrap()
        );
        let fake = Fake::new(vec![(200, json!({"Attributes": decided(json!({}))}))]);
        assert!(
            table(&fake)
                .record_delivery("s-1.2", &token, "t", &Delivery::Closed)
                .await
                .unwrap()
        );
        let (_, body) = fake.only_request();
        assert_eq!(body["UpdateExpression"], "SET standing = :standing, closed_at = :at");
        assert!(
            body["ConditionExpression"]
                .as_str()
                .unwrap()
                .ends_with("attribute_not_exists(delivered_at)"),
            "closed never replaces delivered: {body}"
        );
        let fake = Fake::new(vec![(200, json!({"Attributes": decided(json!({}))}))]);
        let done = table(&fake)
            .record_delivery("s-1.2", &token, "t", &Delivery::Done)
            .await;
        assert!(done.unwrap());
        let (_, body) = fake.only_request();
        assert!(!body["ConditionExpression"].as_str().unwrap().contains("closed_at"));
        assert!(body["UpdateExpression"].as_str().unwrap().ends_with("REMOVE closed_at"));
    }

    #[tokio::test]
    async fn telling_again_is_noted_while_the_decision_is_under_way() {
        let token = TaskToken::new("T2".to_owned());
        let fake = Fake::new(vec![(200, json!({"Attributes": decided(json!({}))}))]);
        assert!(table(&fake).announce_redelivery("s-1.2", &token).await.unwrap());
        let condition = fake.only_request().1["ConditionExpression"].clone();
        for part in [
            "task_token = :token",
            "attribute_not_exists(delivered_at)",
            "attribute_not_exists(closed_at)",
        ] {
            assert!(condition.as_str().unwrap().contains(part), "{condition}");
        }
        let fake = Fake::new(vec![refusal(&decided(json!({"delivered_at": {"S": "t"}})))]);
        assert!(!table(&fake).announce_redelivery("s-1.2", &token).await.unwrap());
        let fake = Fake::new(vec![(
            200,
            json!({"Item": decided(json!({"told_again": {"BOOL": true}}))}),
        )]);
        assert!(table(&fake).get("s-1.2").await.unwrap().unwrap().redelivered);
    }
}
