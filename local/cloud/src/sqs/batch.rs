//! What batches have in common: ids, and an answer for each entry.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::SqsError;

const MOST: usize = 10;

/// The ids of a batch's entries, which must be there, few, distinct and plain.
pub(super) fn check_ids(kind: &'static str, ids: Vec<Option<String>>) -> Result<Vec<String>, SqsError> {
    if ids.is_empty() {
        return Err(SqsError::EmptyBatchRequest(kind));
    }
    if ids.len() > MOST {
        return Err(SqsError::TooManyEntriesInBatchRequest(ids.len()));
    }
    let ids: Option<Vec<String>> = ids.into_iter().collect();
    let ids = ids.ok_or(SqsError::MissingParameter("Id"))?;
    let plain = |id: &String| {
        (1..=80).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if !ids.iter().all(plain) {
        return Err(SqsError::InvalidBatchEntryId);
    }
    let mut seen = HashSet::new();
    match ids.iter().find(|id| !seen.insert(id.as_str())) {
        Some(twice) => Err(SqsError::BatchEntryIdsNotDistinct(twice.clone())),
        None => Ok(ids),
    }
}

/// `Successful` and `Failed` of a batch's answer, which the model requires both.
#[derive(Default)]
pub(super) struct Answer {
    successful: Vec<Value>,
    failed: Vec<Value>,
}

impl Answer {
    /// An entry has worked; `members` is its answer.
    pub(super) fn worked(&mut self, id: &str, mut members: Value) {
        members["Id"] = json!(id);
        self.successful.push(members);
    }

    /// An entry has not.
    pub(super) fn failed(&mut self, id: &str, error: &SqsError) {
        self.failed.push(json!({
            "Id": id, "SenderFault": error.is_senders(), "Code": error.query_code(), "Message": error.to_string(),
        }));
    }

    pub(super) fn finish(self) -> Value {
        json!({ "Successful": self.successful, "Failed": self.failed })
    }
}
