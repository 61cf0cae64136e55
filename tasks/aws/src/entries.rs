use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use sluice_workflows::{Entry, EntryStatus};
use thiserror::Error;

use crate::call::{CallError, boxed};

type Item = HashMap<String, AttributeValue>;

/// The index of all entries by status, then by the time at which they were stored. Rows from before the index have both.
const INDEX: &str = "by-status-and-time";

/// Older than the row that is there: by the time it came in, then, for the same millisecond, by its id.
const NEWER: &str = "attribute_not_exists(id) OR submitted_at < :submitted_at \
                     OR (submitted_at = :submitted_at AND submission_id < :submission_id)";

/// The table of entries.
#[derive(Debug, Clone)]
pub struct Entries {
    client: Client,
    table: String,
}

/// Entries of one status, in the order of the time at which they were stored. Those of the same time come in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRange<'a> {
    /// The status.
    pub status: EntryStatus,
    /// The first time that counts, as text that compares as the times do.
    pub from: &'a str,
    /// The last one; not before the first.
    pub to: &'a str,
    /// The order.
    pub order: EntryOrder,
    /// The most entries.
    pub limit: usize,
    /// The place to go on from: one that an earlier chunk of the same range ended with.
    pub after: Option<&'a EntryPosition>,
}

/// The order of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryOrder {
    /// From the last to the first.
    NewestFirst,
    /// From the first to the last.
    OldestFirst,
}

/// A place in a range: the keys of the entry that was read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPosition {
    /// The entry's id.
    pub id: String,
    /// The time at which it was stored.
    pub stored_at: String,
}

/// A part of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChunk {
    /// The entries, in the order asked for.
    pub entries: Vec<Entry>,
    /// The place to go on from, if there may be more.
    pub next: Option<EntryPosition>,
}

/// The reason why entries could not be listed.
#[derive(Debug, Error)]
pub enum EntriesError {
    /// The table has no index by time, or it is being filled.
    #[error("the index {INDEX} cannot be read: {0}")]
    NoIndex(CallError),
    /// DynamoDB did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
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

    /// Reads a part of the entries of one status by the time at which they were stored.
    ///
    /// It costs what it answers, however large the table is. An entry that was just stored may be missing for a moment.
    ///
    /// # Errors
    /// [`EntriesError`] if there is no index, or DynamoDB did not answer.
    pub async fn chunk(&self, range: &EntryRange<'_>) -> Result<EntryChunk, EntriesError> {
        let start = range.after.map(|position| {
            HashMap::from([
                ("id".to_owned(), text(&position.id)),
                ("status".to_owned(), text(range.status.as_str())),
                ("stored_at".to_owned(), text(&position.stored_at)),
            ])
        });
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("#status = :status AND stored_at BETWEEN :from AND :to")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", text(range.status.as_str()))
            .expression_attribute_values(":from", text(range.from))
            .expression_attribute_values(":to", text(range.to))
            .scan_index_forward(range.order == EntryOrder::OldestFirst)
            .limit(i32::try_from(range.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start);
        let answer = boxed(request.send())
            .await
            .map_err(|error| unlisted(CallError::from_sdk("dynamodb:Query", &error)))?;
        let entries = answer.items().iter().filter_map(|row| {
            let entry = read(row);
            if entry.is_none() {
                tracing::warn!("a row of the entries table is no entry of Sluice's; it is left out of the list");
            }
            entry
        });
        let next = answer.last_evaluated_key().and_then(|key| {
            Some(EntryPosition {
                id: string(key, "id")?,
                stored_at: string(key, "stored_at")?,
            })
        });
        Ok(EntryChunk {
            entries: entries.collect(),
            next,
        })
    }

    /// The entry under a key, as last written.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer.
    pub async fn find(&self, id: &str) -> Result<Option<Entry>, CallError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", text(id))
            .consistent_read(true);
        let answer = boxed(request.send())
            .await
            .map_err(|error| CallError::from_sdk("dynamodb:GetItem", &error))?;
        Ok(answer.item().and_then(read))
    }
}

/// Tells a missing index from other refusals. Both are a `ValidationException`, and only their words differ.
fn unlisted(error: CallError) -> EntriesError {
    let words = [
        "does not have the specified index",
        "backfilling global secondary index",
    ];
    if words.iter().any(|words| error.message.contains(words)) {
        EntriesError::NoIndex(error)
    } else {
        EntriesError::Call(error)
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

    fn range(after: Option<&EntryPosition>) -> EntryRange<'_> {
        EntryRange {
            status: EntryStatus::Ingested,
            from: "2026-11-01T00:00:00.000Z",
            to: "2026-11-30T23:59:59.999Z",
            order: EntryOrder::NewestFirst,
            limit: 2,
            after,
        }
    }

    #[tokio::test]
    async fn a_chunk_goes_on_after_a_place_and_leaves_out_foreign_rows() {
        let key = json!({"id": {"S": "foreign"}, "status": {"S": "ingested"}, "stored_at": {"S": "2026-11-21"}});
        let answer = json!({"Items": [row("s-1"), {"id": {"S": "foreign"}}], "LastEvaluatedKey": key});
        let fake = Fake::new(vec![(200, answer)]);
        let position = |id: &str, stored_at: &str| EntryPosition {
            id: id.to_owned(),
            stored_at: stored_at.to_owned(),
        };
        let before = position("before", "2026-11-23T10:00:00.000Z");
        let chunk = Entries::new(&fake.config(), "T".to_owned())
            .chunk(&range(Some(&before)))
            .await
            .unwrap();
        let expected = EntryChunk {
            entries: vec![entry("s-1")],
            next: Some(position("foreign", "2026-11-21")),
        };
        assert_eq!(chunk, expected);
        let (action, body) = fake.only_request();
        assert_eq!(action, "DynamoDB_20120810.Query");
        assert_eq!(
            (&body["Limit"], &body["IndexName"], &body["ScanIndexForward"]),
            (&json!(2), &json!(INDEX), &json!(false))
        );
        assert_eq!(
            body["ExclusiveStartKey"],
            json!({"id": {"S": "before"}, "status": {"S": "ingested"}, "stored_at": {"S": "2026-11-23T10:00:00.000Z"}})
        );
    }

    #[tokio::test]
    async fn a_missing_index_is_told_from_other_refusals() {
        for (message, is_index) in [
            ("The table does not have the specified index: by-status-and-time", true),
            (
                "Cannot read from backfilling global secondary index: by-status-and-time",
                true,
            ),
            ("One or more parameter values were invalid", false),
        ] {
            let fake = Fake::new(vec![(
                400,
                json!({"__type": "com.amazon.coral.validate#ValidationException", "message": message}),
            )]);
            let error = Entries::new(&fake.config(), "T".to_owned())
                .chunk(&range(None))
                .await
                .unwrap_err();
            assert_eq!(matches!(error, EntriesError::NoIndex(_)), is_index, "{error}");
        }
    }

    #[tokio::test]
    async fn an_entry_is_found_by_its_key() {
        for (answer, expected) in [(json!({"Item": row("s-1")}), Some(entry("s-1"))), (json!({}), None)] {
            let fake = Fake::new(vec![(200, answer)]);
            let found = Entries::new(&fake.config(), "T".to_owned())
                .find("ada@example.com")
                .await
                .unwrap();
            assert_eq!(found, expected);
            let (_, body) = fake.only_request();
            assert_eq!(body["ConsistentRead"], true);
        }
    }
}
