use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use sluice_workflows::{Entry, EntryStatus};

use crate::call::{CallError, boxed};

type Item = HashMap<String, AttributeValue>;

/// Older than the row that is there: by the time it came in, then, for the same millisecond, by its id.
const NEWER: &str = "attribute_not_exists(id) OR submitted_at < :submitted_at \
                     OR (submitted_at = :submitted_at AND submission_id < :submission_id)";

/// The table of entries.
#[derive(Debug, Clone)]
pub struct Entries {
    client: Client,
    table: String,
}

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries, in the table's own order.
    pub entries: Vec<Entry>,
    /// The key to go on after, if there may be more.
    pub next: Option<String>,
}

impl Entries {
    /// The table of this name.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Entries {
            client: Client::new(config),
            table,
        }
    }

    /// Writes `entry` unless the row under its key is as new or newer, and answers what the table then holds.
    ///
    /// So a write that is repeated, or that arrives after a newer one, changes nothing. The times must all be of one
    /// format, because DynamoDB compares them as text.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn put_if_newer(&self, entry: &Entry) -> Result<Entry, CallError> {
        const ACTION: &str = "dynamodb:PutItem";
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(entry)))
            .condition_expression(NEWER)
            .expression_attribute_values(":submitted_at", text(&entry.submitted_at))
            .expression_attribute_values(":submission_id", text(&entry.submission_id))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = boxed(request.send()).await else {
            return Ok(entry.clone());
        };
        let Some(PutItemError::ConditionalCheckFailedException(held)) = error.as_service_error() else {
            return Err(CallError::from_sdk(ACTION, &error));
        };
        match held.item() {
            Some(row) => read(row).ok_or_else(|| {
                CallError::unreadable(ACTION, format!("the row of {} is no entry of Sluice's", entry.id))
            }),
            None => Ok(entry.clone()),
        }
    }

    /// Up to `limit` entries after the key `after`.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer.
    pub async fn page(&self, limit: u16, after: Option<&str>) -> Result<EntryPage, CallError> {
        let start = after.map(|key| HashMap::from([("id".to_owned(), text(key))]));
        let request = self
            .client
            .scan()
            .table_name(&self.table)
            .limit(i32::from(limit))
            .set_exclusive_start_key(start);
        let answer = request
            .send()
            .await
            .map_err(|error| CallError::from_sdk("dynamodb:Scan", &error))?;
        let entries = answer.items().iter().filter_map(|row| {
            let entry = read(row);
            if entry.is_none() {
                tracing::warn!("a row of the entries table is no entry of Sluice's; it is left out of the list");
            }
            entry
        });
        let next = answer.last_evaluated_key().and_then(|key| string(key, "id"));
        Ok(EntryPage {
            entries: entries.collect(),
            next,
        })
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn string(row: &Item, name: &str) -> Option<String> {
    row.get(name)?.as_s().ok().cloned()
}

fn item(entry: &Entry) -> Item {
    let always = [
        ("id", &entry.id),
        ("submission_id", &entry.submission_id),
        ("submitted_at", &entry.submitted_at),
        ("stored_at", &entry.stored_at),
    ];
    let perhaps = [
        ("user_name", &entry.user_name),
        ("email", &entry.email),
        ("pincode", &entry.pincode),
        ("decided_by", &entry.decided_by),
        ("decided_at", &entry.decided_at),
        ("comment", &entry.comment),
    ];
    let perhaps = perhaps
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    let mut item: Item = always
        .into_iter()
        .chain(perhaps)
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
    item.insert("status".to_owned(), text(entry.status.as_str()));
    item
}

fn read(row: &Item) -> Option<Entry> {
    Some(Entry {
        id: string(row, "id")?,
        user_name: string(row, "user_name"),
        email: string(row, "email"),
        pincode: string(row, "pincode"),
        status: EntryStatus::parse(&string(row, "status")?)?,
        submission_id: string(row, "submission_id")?,
        submitted_at: string(row, "submitted_at")?,
        stored_at: string(row, "stored_at")?,
        decided_by: string(row, "decided_by"),
        decided_at: string(row, "decided_at"),
        comment: string(row, "comment"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::call::CallErrorKind;
    use crate::fake::Fake;

    fn entry(submission: &str) -> Entry {
        Entry {
            id: "ada@example.com".to_owned(),
            user_name: Some("Ada".to_owned()),
            email: Some("Ada@Example.com".to_owned()),
            pincode: None,
            status: EntryStatus::Ingested,
            submission_id: submission.to_owned(),
            submitted_at: "2026-11-22T10:00:00.000Z".to_owned(),
            stored_at: "2026-11-22T10:00:00.100Z".to_owned(),
            decided_by: None,
            decided_at: None,
            comment: None,
        }
    }

    fn row(submission: &str) -> Value {
        json!({"id": {"S": "ada@example.com"}, "user_name": {"S": "Ada"}, "email": {"S": "Ada@Example.com"},
            "status": {"S": "ingested"}, "submission_id": {"S": submission},
            "submitted_at": {"S": "2026-11-22T10:00:00.000Z"}, "stored_at": {"S": "2026-11-22T10:00:00.100Z"}})
    }

    #[tokio::test]
    async fn a_write_is_conditional_on_being_newer() {
        let fake = Fake::new(vec![(200, json!({}))]);
        let stored = Entries::new(&fake.config(), "T".to_owned())
            .put_if_newer(&entry("s-1"))
            .await
            .unwrap();
        assert_eq!(stored, entry("s-1"));
        let (action, body) = fake.only_request();
        assert_eq!(action, "DynamoDB_20120810.PutItem");
        assert_eq!(body["Item"], row("s-1"));
        assert_eq!(body["ConditionExpression"], NEWER);
        assert_eq!(body["ExpressionAttributeValues"][":submission_id"]["S"], "s-1");
    }

    #[tokio::test]
    async fn a_repeated_or_older_write_answers_what_the_table_holds() {
        for held in ["s-1", "s-2"] {
            let refusal = json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed", "Item": row(held)});
            let fake = Fake::new(vec![(400, refusal)]);
            let stored = Entries::new(&fake.config(), "T".to_owned())
                .put_if_newer(&entry("s-1"))
                .await
                .unwrap();
            assert_eq!(stored, entry(held));
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_from_a_throttle() {
        for (name, kind) in [
            ("ResourceNotFoundException", CallErrorKind::Refused),
            ("ProvisionedThroughputExceededException", CallErrorKind::Throttled),
        ] {
            let fake = Fake::new(vec![(400, json!({"__type": name, "message": "m"}))]);
            let error = Entries::new(&fake.config(), "T".to_owned())
                .put_if_newer(&entry("s-1"))
                .await
                .unwrap_err();
            assert_eq!(error.kind, kind);
            assert!(error.message.contains(name), "{error}");
        }
    }

    #[tokio::test]
    async fn a_page_goes_on_after_a_key_and_leaves_out_foreign_rows() {
        let answer =
            json!({"Items": [row("s-1"), {"id": {"S": "foreign"}}], "LastEvaluatedKey": {"id": {"S": "foreign"}}});
        let fake = Fake::new(vec![(200, answer)]);
        let page = Entries::new(&fake.config(), "T".to_owned())
            .page(2, Some("before"))
            .await
            .unwrap();
        assert_eq!(
            page,
            EntryPage {
                entries: vec![entry("s-1")],
                next: Some("foreign".to_owned())
            }
        );
        let (_, body) = fake.only_request();
        assert_eq!(body["Limit"], 2);
        assert_eq!(body["ExclusiveStartKey"], json!({"id": {"S": "before"}}));
    }
}
