//! The batch actions, which do one thing to up to ten entries: each entry's result is returned under its id.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Sqs, SqsError};

/// The most entries of a batch.
const MAX_ENTRIES: usize = 10;

/// The request of a batch action, whose entries have the members `E` besides their ids.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default, bound(deserialize = "E: DeserializeOwned"))]
pub(crate) struct BatchRequest<E> {
    queue_url: Option<String>,
    entries: Vec<BatchEntry<E>>,
}

#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "E: DeserializeOwned"))]
struct BatchEntry<E> {
    #[serde(rename = "Id")]
    id: Option<String>,
    #[serde(flatten)]
    members: E,
}

impl<E> Default for BatchRequest<E> {
    fn default() -> Self {
        Self {
            queue_url: None,
            entries: Vec::new(),
        }
    }
}

/// The response of a batch action; the model requires both lists.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BatchResponse<S> {
    successful: Vec<SuccessfulEntry<S>>,
    failed: Vec<FailedEntry>,
}

#[derive(Debug, Serialize)]
struct SuccessfulEntry<S> {
    #[serde(flatten)]
    members: S,
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FailedEntry {
    id: String,
    sender_fault: bool,
    code: String,
    message: String,
}

/// A batch action on the entries of one queue.
pub(crate) trait BatchAction: DeserializeOwned {
    /// The name of the entries' shape, for the error about a batch without entries.
    const SHAPE: &'static str;
    /// The part of the queue that the checks of all entries need.
    type Target: Sync;
    /// An entry that has passed its checks.
    type Checked;
    /// The members of a successful entry besides its id.
    type Success: Serialize;

    /// Looks up what the entries' checks need.
    async fn target(sqs: &Sqs, queue: String) -> Result<Self::Target, SqsError>;

    /// Checks one entry.
    fn check(self, sqs: &Sqs, target: &Self::Target) -> Result<Self::Checked, SqsError>;

    /// Does it to the entries that passed: one result for each, in their order.
    async fn perform(
        sqs: &Sqs,
        target: &Self::Target,
        entries: Vec<Self::Checked>,
    ) -> Result<Vec<Result<Self::Success, SqsError>>, SqsError>;
}

/// Checks a batch, carries out the entries that are valid, and returns each entry's result.
pub(crate) async fn call<E: BatchAction>(
    sqs: &Sqs,
    request: BatchRequest<E>,
) -> Result<BatchResponse<E::Success>, SqsError> {
    let queue = sqs.queue_name(request.queue_url)?;
    let (ids, entries): (Vec<_>, Vec<_>) = request.entries.into_iter().map(|one| (one.id, one.members)).unzip();
    let ids = check_ids(E::SHAPE, ids)?;
    let target = E::target(sqs, queue).await?;
    let (mut passed, mut checked, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (id, entry) in ids.into_iter().zip(entries) {
        match entry.check(sqs, &target) {
            Ok(entry) => {
                passed.push(id);
                checked.push(entry);
            }
            Err(error) => failed.push(FailedEntry::new(id, &error)),
        }
    }
    let mut successful = Vec::new();
    for (id, result) in passed.into_iter().zip(E::perform(sqs, &target, checked).await?) {
        match result {
            Ok(members) => successful.push(SuccessfulEntry { members, id }),
            Err(error) => failed.push(FailedEntry::new(id, &error)),
        }
    }
    Ok(BatchResponse { successful, failed })
}

impl FailedEntry {
    fn new(id: String, error: &SqsError) -> Self {
        Self {
            id,
            sender_fault: error.is_senders(),
            code: error.query_code(),
            message: error.to_string(),
        }
    }
}

/// Checks the ids of a batch's entries, which must be there, few, distinct and plain.
fn check_ids(shape: &'static str, ids: Vec<Option<String>>) -> Result<Vec<String>, SqsError> {
    if ids.is_empty() {
        return Err(SqsError::EmptyBatchRequest(shape));
    }
    if ids.len() > MAX_ENTRIES {
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
