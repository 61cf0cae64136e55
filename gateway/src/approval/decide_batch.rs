//! The function that takes the decisions of a batch, a slice for each call.
//!
//! A slice is written down before the first of it is decided, and counted once when it is through. So a call that is
//! repeated after a crash finds what it was about, decides what is still open, delivers what is not delivered yet, and
//! counts each approval once.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use sluice_aws::{
    ApprovalRecord, ApprovalState, Batch, BatchSlice, CallError, Decided, Deciding, Delivery, Fault, OpenItem, OpenKey,
    SHARDS, Selection, SliceCounts, shard,
};
use sluice_workflows::{AuditData, TaskError};
use thiserror::Error;

use super::choice::matches;
use super::delivery::{DecisionSender, deliver};
use super::port::{DecisionPort, SlicePort};

/// The decisions of a slice. With some seven events a slice, a million decisions stay below the 25,000 events of an
/// execution's history.
const SLICE: usize = 512;

/// The decisions of a shard in a slice.
const LANE: usize = SLICE / SHARDS;

/// The pages of a shard that are looked through for one slice.
const PAGES: usize = 8;

/// The deliveries of a lane that are under way at once. Each lane writes one decision after the other, since all change the
/// counter of their shard.
const DELIVERIES: usize = 4;

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
pub async fn decide_slice<P: DecisionPort + SlicePort>(
    port: &P,
    request: &SliceRequest,
) -> Result<SliceAnswer, BatchError> {
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

/// Decides all of a slice, a lane for each shard.
async fn decide_all<P: DecisionPort>(
    port: &P,
    batch: &Batch,
    ids: &[String],
    now_ms: i64,
) -> Result<SliceCounts, BatchError> {
    let mut lanes: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for id in ids {
        lanes.entry(shard(id)).or_default().push(id);
    }
    let lanes = lanes.into_values().map(async |ids| -> Result<Vec<Fate>, CallError> {
        stream::iter(ids)
            .then(|id| decide_one(port, batch, id, now_ms))
            .map_ok(async |written| {
                Ok(match written {
                    Written::No => Fate::Passed,
                    Written::Yes(record, sender) => fate(deliver(port, *record, sender, now_ms).await),
                })
            })
            .try_buffer_unordered(DELIVERIES)
            .try_collect()
            .await
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

/// The result of writing one decision.
enum Written {
    /// It is written, by this call or by one before it.
    Yes(Box<ApprovalRecord>, DecisionSender),
    /// Somebody else decided, or nobody can any more.
    No,
}

async fn decide_one<P: DecisionPort>(port: &P, batch: &Batch, id: &str, now_ms: i64) -> Result<Written, CallError> {
    let data = AuditData::from([("batch".to_owned(), batch.id.as_str().into())]);
    let deciding = Deciding {
        decision: &batch.decision,
        now_ms,
        batch: Some(&batch.id),
        data: &data,
    };
    Ok(match port.decide(id, &deciding).await? {
        Decided::Now(record) => Written::Yes(record, DecisionSender::Decider),
        Decided::NotOpen(record) if record.batch.as_deref() == Some(&batch.id) => {
            Written::Yes(record, DecisionSender::Another)
        }
        Decided::NotOpen(_) | Decided::Missing => Written::No,
    })
}

fn fate(record: ApprovalRecord) -> Fate {
    match record.state {
        ApprovalState::Decided(_, Delivery::Done) => Fate::Decided,
        ApprovalState::Decided(_, Delivery::Closed) => Fate::Failed,
        ApprovalState::Decided(_, Delivery::Pending) => Fate::Undelivered,
        ApprovalState::Open | ApprovalState::Withdrawn => Fate::Passed,
    }
}
