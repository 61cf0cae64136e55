use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use sluice_workflows::{Outcome, SubmissionStatus};

use crate::call::{CallError, boxed};

type Item = HashMap<String, AttributeValue>;

/// The time that a record outlives its last write: as long as Step Functions keeps the name of the execution.
const KEPT_MS: i64 = 90 * 86_400_000;

/// A write that waits for an admin replaces what is not an end, and is not newer. A failed execution may have been redriven.
const WAITING: &str = "attribute_not_exists(id) OR submitted_at_ms < :submitted_at_ms \
                       OR (#status IN (:waiting, :failed) AND updated_at_ms <= :updated_at_ms)";

/// A failure replaces what waits, if the execution failed after it began to wait.
const FAILED: &str = WAITING;

/// An end replaces all but another end; the same one may be written again.
const ENDED: &str = "attribute_not_exists(id) OR submitted_at_ms < :submitted_at_ms \
                     OR #status IN (:waiting, :failed, :status)";

/// The table of submissions: one record each, from which the HTTP API answers.
///
/// No write goes backwards, whichever comes first: an end stays, and what is not an end gives way to what is newer. A record of
/// an execution that Step Functions has forgotten gives way to a newer execution of the same name.
#[derive(Debug, Clone)]
pub struct Submissions {
    client: Client,
    table: String,
}

/// The state of a submission, as the workflow or its watchers last wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionRecord {
    /// The submission: the execution's name.
    pub id: String,
    /// Its status, and what belongs to it.
    pub status: SubmissionStatus,
    /// The execution's start, in milliseconds since 1970.
    pub submitted_at_ms: i64,
    /// The time of this state in the workflow, in milliseconds since 1970.
    pub updated_at_ms: i64,
    /// The round of approval, from 1.
    pub round: u32,
    /// The hash of the fields, if whoever started the execution gave one.
    pub input_hash: Option<String>,
}

impl Submissions {
    /// The table of this name.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Submissions {
            client: Client::new(config),
            table,
        }
    }

    /// Reads the record of a submission, as last written.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or the record cannot be read.
    pub async fn get(&self, id: &str) -> Result<Option<SubmissionRecord>, CallError> {
        const ACTION: &str = "dynamodb:GetItem";
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", text(id))
            .consistent_read(true);
        let answer = boxed(request.send())
            .await
            .map_err(|error| CallError::from_sdk(ACTION, &error))?;
        let Some(row) = answer.item() else { return Ok(None) };
        read(row)
            .map(Some)
            .ok_or_else(|| CallError::unreadable(ACTION, format!("the record of submission {id} is none of Sluice's")))
    }

    /// Writes `record` unless that would go backwards; answers whether it was written.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn put(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
        const ACTION: &str = "dynamodb:PutItem";
        let condition = match record.status {
            SubmissionStatus::WaitingForApproval => WAITING,
            SubmissionStatus::Failed => FAILED,
            SubmissionStatus::Ended(_) => ENDED,
            // Nobody writes that: no record says it.
            SubmissionStatus::Running => {
                return Err(CallError::unreadable(ACTION, "a submission that runs has no record"));
            }
        };
        let mut request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(ACTION, record)?))
            .condition_expression(condition)
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":waiting", text(SubmissionStatus::WaitingForApproval.name()))
            .expression_attribute_values(":failed", text(SubmissionStatus::Failed.name()))
            .expression_attribute_values(":submitted_at_ms", number(record.submitted_at_ms));
        request = match record.status {
            SubmissionStatus::Ended(_) => request.expression_attribute_values(":status", text(record.status.name())),
            _ => request.expression_attribute_values(":updated_at_ms", number(record.updated_at_ms)),
        };
        let Err(error) = boxed(request.send()).await else {
            return Ok(true);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
            Some(_) | None => Err(CallError::from_sdk(ACTION, &error)),
        }
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn item(action: &'static str, record: &SubmissionRecord) -> Result<Item, CallError> {
    let mut item: Item = [
        ("id", text(&record.id)),
        ("status", text(record.status.name())),
        ("submitted_at_ms", number(record.submitted_at_ms)),
        ("updated_at_ms", number(record.updated_at_ms)),
        ("round", number(record.round.into())),
        ("ttl", number((record.updated_at_ms + KEPT_MS).div_euclid(1000))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let SubmissionStatus::Ended(outcome) = &record.status {
        let json = serde_json::to_string(outcome).map_err(|error| CallError::unreadable(action, error.to_string()))?;
        item.insert("outcome".to_owned(), AttributeValue::S(json));
    }
    if let Some(hash) = &record.input_hash {
        item.insert("input_hash".to_owned(), text(hash));
    }
    Ok(item)
}

fn read(row: &Item) -> Option<SubmissionRecord> {
    let string = |name: &str| row.get(name)?.as_s().ok();
    let integer = |name: &str| row.get(name)?.as_n().ok()?.parse::<i64>().ok();
    let status = match string("status")?.as_str() {
        "waiting_for_approval" => SubmissionStatus::WaitingForApproval,
        "failed" => SubmissionStatus::Failed,
        name => {
            let outcome: Outcome = serde_json::from_str(string("outcome")?).ok()?;
            let status = SubmissionStatus::Ended(Box::new(outcome));
            (status.name() == name).then_some(status)?
        }
    };
    Some(SubmissionRecord {
        id: string("id")?.clone(),
        status,
        submitted_at_ms: integer("submitted_at_ms")?,
        updated_at_ms: integer("updated_at_ms")?,
        round: integer("round")
            .and_then(|round| u32::try_from(round).ok())
            .unwrap_or(1),
        input_hash: string("input_hash").cloned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::call::CallErrorKind;
    use crate::fake::Fake;

    fn record(status: SubmissionStatus) -> SubmissionRecord {
        SubmissionRecord {
            id: "s-1".to_owned(),
            status,
            submitted_at_ms: 1_795_341_600_000,
            updated_at_ms: 1_795_341_600_250,
            round: 1,
            input_hash: Some("h".to_owned()),
        }
    }

    fn rejected() -> SubmissionStatus {
        SubmissionStatus::Ended(Box::new(Outcome::Rejected {
            submission_id: "s-1".to_owned(),
            reason: "r".to_owned(),
            violations: vec![],
            approval: None,
        }))
    }

    fn row(status: &str, outcome: Option<&str>) -> Value {
        let mut row = json!({"id": {"S": "s-1"}, "status": {"S": status}, "submitted_at_ms": {"N": "1795341600000"},
            "updated_at_ms": {"N": "1795341600250"}, "round": {"N": "1"}, "ttl": {"N": "1803117600"},
            "input_hash": {"S": "h"}});
        if let Some(outcome) = outcome {
            row["outcome"] = json!({"S": outcome});
        }
        row
    }

    const REJECTED: &str = r#"{"outcome":"rejected","submission_id":"s-1","reason":"r","violations":[]}"#;

    #[tokio::test]
    async fn a_write_never_goes_backwards() {
        for (status, row, condition, names) in [
            (
                SubmissionStatus::WaitingForApproval,
                row("waiting_for_approval", None),
                WAITING,
                [":updated_at_ms", ":submitted_at_ms"],
            ),
            (
                SubmissionStatus::Failed,
                row("failed", None),
                FAILED,
                [":updated_at_ms", ":submitted_at_ms"],
            ),
            (
                rejected(),
                row("rejected", Some(REJECTED)),
                ENDED,
                [":status", ":submitted_at_ms"],
            ),
        ] {
            let fake = Fake::new(vec![(200, json!({}))]);
            let table = Submissions::new(&fake.config(), "T".to_owned());
            assert_eq!(table.put(&record(status)).await, Ok(true));
            let (action, body) = fake.only_request();
            assert_eq!(action, "DynamoDB_20120810.PutItem");
            assert_eq!(body["Item"], row);
            assert_eq!(body["ConditionExpression"], condition);
            let values = body["ExpressionAttributeValues"].as_object().unwrap();
            assert_eq!(values.len(), 4);
            assert!(names.iter().all(|name| values.contains_key(*name)), "{values:?}");
        }
        let refusal =
            json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "m"});
        let fake = Fake::new(vec![(400, refusal)]);
        let table = Submissions::new(&fake.config(), "T".to_owned());
        assert_eq!(table.put(&record(SubmissionStatus::Failed)).await, Ok(false));
    }

    #[tokio::test]
    async fn a_record_is_read_as_it_was_written_and_consistently() {
        for (row, status) in [
            (row("waiting_for_approval", None), SubmissionStatus::WaitingForApproval),
            (row("failed", None), SubmissionStatus::Failed),
            (row("rejected", Some(REJECTED)), rejected()),
        ] {
            let fake = Fake::new(vec![(200, json!({ "Item": row }))]);
            let got = Submissions::new(&fake.config(), "T".to_owned()).get("s-1").await;
            assert_eq!(got, Ok(Some(record(status))));
            let (action, body) = fake.only_request();
            assert_eq!(action, "DynamoDB_20120810.GetItem");
            assert_eq!(
                (&body["ConsistentRead"], &body["Key"]["id"]["S"]),
                (&json!(true), &json!("s-1"))
            );
        }
        let fake = Fake::new(vec![(200, json!({}))]);
        assert_eq!(
            Submissions::new(&fake.config(), "T".to_owned()).get("s-1").await,
            Ok(None)
        );
        let fake = Fake::new(vec![(200, json!({ "Item": row("approved", Some(REJECTED)) }))]);
        let got = Submissions::new(&fake.config(), "T".to_owned()).get("s-1").await;
        assert_eq!(got.map_err(|error| error.kind), Err(CallErrorKind::Refused));
    }
}
