//! Writes the entry of a submission, and its outcome.

use sluice_aws::{
    Attempts, CallError, Entries, Fault, Service, SettingError, SubmissionRecord, Submissions, config, environment,
    required,
};
use sluice_workflows::{Entry, EntryStatus, Outcome, StoreRequest, SubmissionStatus, TaskError};

use crate::submission_table::{SubmissionTable, write};
use crate::times::{normal, parse};

/// The table of entries, as storing needs it.
pub trait EntryTable {
    /// Writes `entry` unless the row under its key is as new or newer, and answers what the table then holds.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn put_if_newer(&self, entry: &Entry) -> impl Future<Output = Result<Entry, CallError>>;
}

impl EntryTable for Entries {
    async fn put_if_newer(&self, entry: &Entry) -> Result<Entry, CallError> {
        Entries::put_if_newer(self, entry).await
    }
}

/// Stores what `request` describes, records the outcome, and answers what the table of entries then holds under its key.
///
/// The entry first, then the outcome, each by a conditional write that may be repeated: a crash in between is made good by
/// the workflow's next try, and no outcome is told of an entry that is not there. A transaction would promise no more, and
/// costs twice the write units. A request that is repeated, or older than what is there, changes nothing.
///
/// # Errors
/// `InvalidEvent` for a time that is none; `EntryTableUnavailable`, `EntryTableRefused`, `SubmissionTableUnavailable` or
/// `SubmissionTableRefused` from the tables.
pub async fn store(
    entries: &impl EntryTable,
    submissions: &impl SubmissionTable,
    mut request: StoreRequest,
) -> Result<Entry, Fault> {
    request.submitted_at = normal("submitted_at", &request.submitted_at)?;
    request.stored_at = normal("stored_at", &request.stored_at)?;
    let (round, input_hash) = (request.round, request.input_hash.take());
    let entry = request.entry();
    let stored = entries
        .put_if_newer(&entry)
        .await
        .map_err(|error| Fault::from_call(&error, TaskError::EntryTableUnavailable, TaskError::EntryTableRefused))?;
    if stored.submission_id != entry.submission_id {
        tracing::info!(newer = stored.submission_id, "left a newer entry as it is");
    }
    let submission_id = entry.submission_id.clone();
    let public = stored.clone().public();
    let outcome = match entry.status {
        EntryStatus::Ingested => Outcome::Ingested {
            submission_id,
            entry: public,
        },
        EntryStatus::Approved => Outcome::Approved {
            submission_id,
            entry: public,
        },
    };
    let record = SubmissionRecord {
        status: SubmissionStatus::Ended(Box::new(outcome)),
        submitted_at_ms: parse("submitted_at", &entry.submitted_at)?.timestamp_millis(),
        updated_at_ms: parse("stored_at", &entry.stored_at)?.timestamp_millis(),
        id: entry.submission_id,
        round,
        input_hash,
    };
    write(submissions, &record).await?;
    Ok(stored)
}

/// The tables that the environment names.
fn tables() -> Result<(Entries, Submissions), SettingError> {
    let config = config(Service::DynamoDb, Attempts::BySdk, &environment)?;
    Ok((
        Entries::new(&config, required(&environment, "TABLE_NAME")?),
        Submissions::new(&config, required(&environment, "SUBMISSIONS_TABLE_NAME")?),
    ))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(tables, async |(entries, submissions), request: StoreRequest, _| {
        store(entries, submissions, request).await
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;
    use sluice_aws::CallErrorKind;

    use super::*;

    /// One row, with the table's own rule about what is newer.
    #[derive(Default)]
    struct OneRow {
        row: RefCell<Option<Entry>>,
        failure: Option<CallErrorKind>,
        records: RefCell<Vec<SubmissionRecord>>,
        record_failure: Option<CallErrorKind>,
    }

    impl SubmissionTable for OneRow {
        async fn put(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
            assert!(
                self.row.borrow().is_some(),
                "no outcome is told of an entry that is not there"
            );
            if let Some(kind) = self.record_failure {
                return Err(CallError {
                    action: "dynamodb:PutItem",
                    kind,
                    message: "no".to_owned(),
                });
            }
            self.records.borrow_mut().push(record.clone());
            Ok(true)
        }
    }

    impl EntryTable for OneRow {
        async fn put_if_newer(&self, entry: &Entry) -> Result<Entry, CallError> {
            if let Some(kind) = self.failure {
                return Err(CallError {
                    action: "dynamodb:PutItem",
                    kind,
                    message: "no".to_owned(),
                });
            }
            let mut row = self.row.borrow_mut();
            let age = |entry: &Entry| (entry.submitted_at.clone(), entry.submission_id.clone());
            if row.as_ref().is_none_or(|held| age(held) < age(entry)) {
                *row = Some(entry.clone());
            }
            Ok(row.clone().unwrap())
        }
    }

    fn request(submission: &str, submitted_at: &str) -> StoreRequest {
        let verdict = |field: &str, value: &str| json!({"field": field, "ok": true, "value": value, "violations": []});
        serde_json::from_value(json!({
            "submission_id": submission, "submitted_at": submitted_at, "stored_at": "2026-11-22T10:00:09Z",
            "user_name": verdict("user_name", "Ada"), "email": verdict("email", "Ada@example.com"),
            "pincode": verdict("pincode", "3055"), "approval": null}))
        .unwrap()
    }

    #[tokio::test]
    async fn an_older_or_repeated_write_changes_nothing_and_answers_the_entry() {
        let table = OneRow::default();
        let first = store(&table, &table, request("s-2", "2026-11-22T10:00:00Z"))
            .await
            .unwrap();
        assert_eq!(
            (first.id.as_str(), first.submission_id.as_str()),
            ("ada@example.com", "s-2")
        );
        assert_eq!(first.stored_at, "2026-11-22T10:00:09.000Z");
        let again = store(&table, &table, request("s-2", "2026-11-22T10:00:00Z"))
            .await
            .unwrap();
        assert_eq!(again, first);
        // Without milliseconds, text order alone would put this after ".000Z".
        let older = store(&table, &table, request("s-1", "2026-11-22T09:59:59.999Z"))
            .await
            .unwrap();
        assert_eq!(older, first);
        let newer = store(&table, &table, request("s-3", "2026-11-22T10:00:00.001Z"))
            .await
            .unwrap();
        assert_eq!(newer.submission_id, "s-3");
    }

    #[tokio::test]
    async fn a_failure_has_a_name_that_the_workflow_can_match() {
        for (kind, name) in [
            (CallErrorKind::Throttled, TaskError::EntryTableUnavailable),
            (CallErrorKind::Unreachable, TaskError::EntryTableUnavailable),
            (CallErrorKind::Refused, TaskError::EntryTableRefused),
        ] {
            let table = OneRow {
                failure: Some(kind),
                ..OneRow::default()
            };
            assert_eq!(
                store(&table, &table, request("s", "2026-11-22T10:00:00Z"))
                    .await
                    .unwrap_err()
                    .name,
                name
            );
        }
        let table = OneRow {
            record_failure: Some(CallErrorKind::Throttled),
            ..OneRow::default()
        };
        let fault = store(&table, &table, request("s", "2026-11-22T10:00:00Z"))
            .await
            .unwrap_err();
        assert_eq!(fault.name, TaskError::SubmissionTableUnavailable);
        let fault = store(&OneRow::default(), &OneRow::default(), request("s", "now"))
            .await
            .unwrap_err();
        assert_eq!(fault.name, TaskError::InvalidEvent);
    }

    #[tokio::test]
    async fn the_outcome_is_recorded_without_what_is_the_admins() {
        let table = OneRow::default();
        let mut approved = request("s-1", "2026-11-22T10:00:00Z");
        approved.round = 2;
        approved.input_hash = Some("h".to_owned());
        approved.approval = serde_json::from_value(
            json!({"decided_by": "Grace", "decided_at": "2026-11-22T10:00:05.000Z", "comment": "known"}),
        )
        .unwrap();
        let entry = store(&table, &table, approved).await.unwrap();
        assert_eq!(entry.decided_by.as_deref(), Some("Grace"));
        let records = table.records.borrow();
        let SubmissionStatus::Ended(outcome) = &records[0].status else {
            panic!("{records:?}");
        };
        let told = serde_json::to_string(outcome).unwrap();
        assert!(
            told.contains("\"outcome\":\"approved\"") && told.contains("ada@example.com"),
            "{told}"
        );
        assert!(!told.contains("Grace") && !told.contains("known"), "{told}");
        let numbers = (records[0].submitted_at_ms, records[0].updated_at_ms, records[0].round);
        assert_eq!(numbers, (1_795_341_600_000, 1_795_341_609_000, 2));
        assert_eq!(records[0].input_hash.as_deref(), Some("h"));
    }
}
