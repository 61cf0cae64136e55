//! The function that takes the decisions of a batch, a slice for each call.
//!
//! A slice is written down before the first of it is decided, and counted once when it is through. So a call that is
//! repeated after a crash finds what it was about, decides what is still open, delivers what is not delivered yet, and
//! counts each approval once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_aws::{
    ApprovalRecord, ApprovalState, Batch, BatchSlice, CallError, Deciding, Delivery, Fault, GROUP, OpenItem, OpenKey,
    SHARDS, Selection, SliceCounts, shard,
};
use sluice_workflows::{AuditData, TaskError};
use thiserror::Error;

use super::choice::matches;
use super::group::{Outcome, decide_group, deliver_group};
use super::port::{GroupPort, SlicePort};

/// The decisions of a shard in a slice: whole groups.
const LANE: usize = 2 * GROUP;

/// The decisions of a slice. With some seven events a slice, a million decisions stay below the 25,000 events of an
/// execution's history.
const SLICE: usize = LANE * SHARDS;

/// The pages of a shard that are looked through for one slice.
const PAGES: usize = 8;

/// The payload of a call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SliceRequest {
    /// The batch.
    pub batch: String,
    /// The time at which the workflow reached the state (ISO 8601, UTC). The same for every attempt.
    pub at: String,
}

/// The answer to a call: how far the batch is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SliceAnswer {
    /// The batch.
    pub batch: String,
    /// True if nothing is left to do.
    pub done: bool,
    /// The number of approvals that it decided.
    pub decided: u64,
    /// The number of those that were not open any more.
    pub passed: u64,
    /// The number of those whose decision nobody waited for.
    pub failed: u64,
}

/// The reasons why a call has no answer.
#[derive(Debug, Error)]
pub enum BatchError {
    /// There is no batch of this id, or the time is none.
    #[error("{0}")]
    Event(String),
    /// A table did not answer.
    #[error(transparent)]
    Table(#[from] CallError),
    /// Decisions are written and not delivered.
    #[error("{0} decisions of the batch are written and not delivered")]
    NotDelivered(usize),
    /// The cursor of the batch is not one.
    #[error("the cursor of the batch cannot be read: {0}")]
    Cursor(String),
}

impl From<BatchError> for Fault {
    fn from(error: BatchError) -> Self {
        let name = match &error {
            BatchError::Event(_) | BatchError::Cursor(_) => TaskError::InvalidEvent,
            BatchError::Table(call) => {
                return Fault::from_call(
                    call,
                    TaskError::ApprovalTableUnavailable,
                    TaskError::ApprovalTableRefused,
                );
            }
            BatchError::NotDelivered(_) => TaskError::DecisionNotDelivered,
        };
        Fault {
            name,
            message: error.to_string(),
        }
    }
}

/// The place behind a slice: for each shard, which is through or goes on behind a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Place {
    /// From the first.
    Start,
    /// Behind this one.
    After(OpenKey),
    /// Nothing is left.
    End,
}

/// The fate of one approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Decided,
    Passed,
    Failed,
    Undelivered,
}

/// Takes the decisions of the next slice of a batch.
///
/// # Errors
/// [`BatchError`]; calling again goes on where this ended.
pub async fn decide_slice<P: SlicePort>(port: &P, request: &SliceRequest) -> Result<SliceAnswer, BatchError> {
    let now_ms = chrono::DateTime::parse_from_rfc3339(&request.at)
        .map_err(|_| BatchError::Event(format!("{:?} is no time", request.at)))?
        .timestamp_millis();
    let batch = port.batch(&request.batch).await?;
    let mut batch = batch.ok_or_else(|| BatchError::Event(format!("there is no batch {:?}", request.batch)))?;
    if batch.done {
        return Ok(answer(batch));
    }
    if batch.slice.is_none() {
        let slice = next_slice(port, &batch).await?;
        batch = port.plan_slice(&batch, slice).await?;
    }
    if let Some(slice) = batch.slice.clone() {
        let counts = decide_all(port, &batch, &slice.ids, now_ms).await?;
        batch = port.finish_slice(&batch, counts).await?;
    }
    Ok(answer(batch))
}

fn answer(batch: Batch) -> SliceAnswer {
    SliceAnswer {
        batch: batch.id,
        done: batch.done,
        decided: batch.counts.decided,
        passed: batch.counts.passed,
        failed: batch.counts.failed,
    }
}

/// Chooses the approvals of the next slice.
async fn next_slice<P: SlicePort>(port: &P, batch: &Batch) -> Result<BatchSlice, BatchError> {
    match &batch.selection {
        Selection::Ids(ids) => {
            let start = match &batch.cursor {
                None => 0,
                Some(text) => text.parse().map_err(|_| BatchError::Cursor(text.clone()))?,
            };
            let end = ids.len().min(start + SLICE);
            Ok(BatchSlice {
                ids: ids.get(start..end).unwrap_or_default().to_vec(),
                next: (end < ids.len()).then(|| end.to_string()),
            })
        }
        Selection::All {
            opened_until_ms,
            search,
            except,
        } => {
            let places: Vec<Place> = match &batch.cursor {
                None => vec![Place::Start; SHARDS],
                Some(text) => serde_json::from_str(text).map_err(|error| BatchError::Cursor(error.to_string()))?,
            };
            let search = search.as_deref().unwrap_or_default();
            let is_chosen = |item: &OpenItem| {
                item.opened_at_ms <= *opened_until_ms && matches(item, search) && !except.contains(&item.id)
            };
            let lanes = places
                .into_iter()
                .enumerate()
                .map(|(shard, place)| choose(port, shard, place, is_chosen));
            let lanes: Vec<(Vec<String>, Place)> = futures_util::future::try_join_all(lanes).await?;
            let (ids, places): (Vec<_>, Vec<_>) = lanes.into_iter().unzip();
            let next = if places.iter().all(|place| *place == Place::End) {
                None
            } else {
                Some(serde_json::to_string(&places).map_err(|error| BatchError::Cursor(error.to_string()))?)
            };
            Ok(BatchSlice {
                ids: ids.concat(),
                next,
            })
        }
    }
}

/// Chooses the next approvals of one shard.
async fn choose<P: SlicePort>(
    port: &P,
    shard: usize,
    place: Place,
    is_chosen: impl Fn(&OpenItem) -> bool,
) -> Result<(Vec<String>, Place), CallError> {
    let mut after = match place {
        Place::Start => None,
        Place::After(key) => Some(key),
        Place::End => return Ok((Vec::new(), Place::End)),
    };
    let mut ids = Vec::new();
    for _ in 0..PAGES {
        let (items, next) = port.open_shard_page(shard, after.as_ref(), LANE).await?;
        ids.extend(items.into_iter().filter(|item| is_chosen(item)).map(|item| item.id));
        match next {
            None => return Ok((ids, Place::End)),
            Some(key) if ids.len() >= LANE => return Ok((ids, Place::After(key))),
            Some(key) => after = Some(key),
        }
    }
    Ok((ids, after.map_or(Place::End, Place::After)))
}

/// Decides all of a slice, a lane for each shard. Each lane writes one group after the other, since all change the counter of
/// their shard.
async fn decide_all<P: GroupPort>(
    port: &P,
    batch: &Batch,
    ids: &[String],
    now_ms: i64,
) -> Result<SliceCounts, BatchError> {
    // an id that comes twice is one decision
    let mut lanes: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for id in ids {
        lanes.entry(shard(id)).or_default().insert(id);
    }
    let data = AuditData::from([("batch".to_owned(), batch.id.as_str().into())]);
    let deciding = Deciding {
        decision: &batch.decision,
        now_ms,
        batch: Some(&batch.id),
        data: &data,
    };
    let deciding = &deciding;
    let lanes = lanes.into_values().map(async |ids| -> Result<Vec<Fate>, CallError> {
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut fates = Vec::with_capacity(ids.len());
        for ids in ids.chunks(GROUP) {
            let outcomes = decide_group(port, ids, deciding).await?;
            let written = outcomes.into_iter().filter(|outcome| match outcome {
                Outcome::Now(_) => true,
                Outcome::Before(record) => record.batch.as_deref() == Some(&batch.id),
            });
            let delivered = deliver_group(port, written.collect(), now_ms).await;
            fates.resize(fates.len() + ids.len() - delivered.len(), Fate::Passed);
            fates.extend(delivered.into_iter().map(fate));
        }
        Ok(fates)
    });
    let fates = futures_util::future::try_join_all(lanes).await?.concat();
    let count = |wanted: Fate| fates.iter().filter(|fate| **fate == wanted).count();
    match count(Fate::Undelivered) {
        0 => Ok(SliceCounts {
            decided: count(Fate::Decided) as u64,
            passed: count(Fate::Passed) as u64,
            failed: count(Fate::Failed) as u64,
        }),
        undelivered => Err(BatchError::NotDelivered(undelivered)),
    }
}

fn fate(record: ApprovalRecord) -> Fate {
    match record.state {
        ApprovalState::Decided(_, Delivery::Done) => Fate::Decided,
        ApprovalState::Decided(_, Delivery::Closed) => Fate::Failed,
        ApprovalState::Decided(_, Delivery::Pending) => Fate::Undelivered,
        ApprovalState::Open | ApprovalState::Withdrawn => Fate::Passed,
    }
}
