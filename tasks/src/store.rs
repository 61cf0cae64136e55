//! Writes the entry of a submission.

use sluice_aws::{Attempts, CallError, Entries, Fault, Service, SettingError, config, environment, required};
use sluice_workflows::{Entry, StoreRequest, TaskError};

use crate::times::normal;

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

/// Stores what `request` describes and answers what the table then holds under its key.
///
/// A request that is repeated, or older than what is there, changes nothing.
///
/// # Errors
/// `InvalidEvent` for a time that is none, `EntryTableUnavailable` or `EntryTableRefused` from the table.
pub async fn store(table: &impl EntryTable, mut request: StoreRequest) -> Result<Entry, Fault> {
    request.submitted_at = normal("submitted_at", &request.submitted_at)?;
    request.stored_at = normal("stored_at", &request.stored_at)?;
    let entry = request.entry();
    let stored = table
        .put_if_newer(&entry)
        .await
        .map_err(|error| Fault::from_call(&error, TaskError::EntryTableUnavailable, TaskError::EntryTableRefused))?;
    if stored.submission_id != entry.submission_id {
        tracing::info!(
            submission = entry.submission_id,
            newer = stored.submission_id,
            "left a newer entry as it is"
        );
    }
    Ok(stored)
}

/// The table that the environment names.
fn table() -> Result<Entries, SettingError> {
    let config = config(Service::DynamoDb, Attempts::BySdk, &environment)?;
    Ok(Entries::new(&config, required(&environment, "TABLE_NAME")?))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(table, async |table, request: StoreRequest, _| {
        store(table, request).await
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
        let first = store(&table, request("s-2", "2026-11-22T10:00:00Z")).await.unwrap();
        assert_eq!(
            (first.id.as_str(), first.submission_id.as_str()),
            ("ada@example.com", "s-2")
        );
        assert_eq!(first.stored_at, "2026-11-22T10:00:09.000Z");
        let again = store(&table, request("s-2", "2026-11-22T10:00:00Z")).await.unwrap();
        assert_eq!(again, first);
        // Without milliseconds, text order alone would put this after ".000Z".
        let older = store(&table, request("s-1", "2026-11-22T09:59:59.999Z")).await.unwrap();
        assert_eq!(older, first);
        let newer = store(&table, request("s-3", "2026-11-22T10:00:00.001Z")).await.unwrap();
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
                store(&table, request("s", "2026-11-22T10:00:00Z"))
                    .await
                    .unwrap_err()
                    .name,
                name
            );
        }
        let fault = store(&OneRow::default(), request("s", "now")).await.unwrap_err();
        assert_eq!(fault.name, TaskError::InvalidEvent);
    }
}
