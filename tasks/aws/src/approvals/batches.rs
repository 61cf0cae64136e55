use serde::{Deserialize, Serialize};
use sluice_workflows::Decision;

use super::item::{Item, json, number, parsed};
use super::table::{Approvals, GET, UPDATE, Updated};
use crate::call::CallError;

/// The time that a decision about many is kept, in seconds.
const KEPT_S: i64 = 90 * 86_400;

/// The approvals that a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These.
    Ids(Vec<String>),
    /// All that were open at a time, with exceptions.
    All {
        /// The time, in milliseconds since 1970: what was opened later is not decided.
        opened_until_ms: i64,
        /// Only those that match.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        search: Option<String>,
        /// All but these.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<String>,
    },
}

/// A decision about many approvals, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id: the form's, so that the same form is the same batch.
    pub id: String,
    /// The approvals that it is about.
    pub selection: Selection,
    /// The decision.
    pub decision: Decision,
    /// The time at which it was asked for, in milliseconds since 1970.
    pub at_ms: i64,
    /// The number of slices that are done.
    pub slices: u64,
    /// The place behind them; none: at the begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The slice in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<BatchSlice>,
    /// The approvals of the slices that are done, by what became of them.
    pub counts: SliceCounts,
    /// True once all are done.
    pub done: bool,
}

/// The approvals that are decided at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchSlice {
    /// Their ids.
    pub ids: Vec<String>,
    /// The place behind them; none: they are the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Numbers of approvals by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceCounts {
    /// Decided by the batch.
    pub decided: u64,
    /// Not open any more.
    pub passed: u64,
    /// Could not be decided; they stay open.
    pub failed: u64,
}

impl Batch {
    /// A batch that nothing was done of.
    pub fn new(id: String, selection: Selection, decision: Decision, at_ms: i64) -> Self {
        Batch {
            id,
            selection,
            decision,
            at_ms,
            slices: 0,
            cursor: None,
            slice: None,
            counts: SliceCounts::default(),
            done: false,
        }
    }
}

impl Approvals {
    /// Writes a batch; `false`: there is one of this id, which stays as it is.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it. An item holds 400 KB: some 6,000 ids.
    pub async fn create_batch(&self, batch: &Batch) -> Result<bool, CallError> {
        let update = self
            .update(&batch_id(&batch.id))
            .update_expression("SET batch_record = :batch, step = :step, #ttl = :ttl")
            .condition_expression("attribute_not_exists(id)")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":batch", json(UPDATE, batch)?)
            .expression_attribute_values(":step", number(step(batch)))
            .expression_attribute_values(":ttl", number(batch.at_ms.div_euclid(1000) + KEPT_S));
        Ok(matches!(self.send(update).await?, Updated::Yes(_)))
    }

    /// The batch of this id.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or the item cannot be read.
    pub async fn batch(&self, id: &str) -> Result<Option<Batch>, CallError> {
        self.item(&batch_id(id)).await?.as_ref().map(read).transpose()
    }

    /// Writes down the slice of a batch that is decided next, before the first decision. Answers the batch as it is then: if
    /// somebody else was faster, with that one's slice.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn plan_slice(&self, batch: &Batch, slice: BatchSlice) -> Result<Batch, CallError> {
        let planned = Batch {
            slice: Some(slice),
            ..batch.clone()
        };
        self.advance(batch, planned).await
    }

    /// Counts the slice in hand of a batch as done. Answers the batch as it is then: whoever comes second changes nothing.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn finish_slice(&self, batch: &Batch, counts: SliceCounts) -> Result<Batch, CallError> {
        let mut finished = batch.clone();
        if let Some(slice) = finished.slice.take() {
            finished.slices += 1;
            finished.done = slice.next.is_none();
            finished.cursor = slice.next;
            finished.counts.decided += counts.decided;
            finished.counts.passed += counts.passed;
            finished.counts.failed += counts.failed;
        }
        self.advance(batch, finished).await
    }

    async fn advance(&self, from: &Batch, to: Batch) -> Result<Batch, CallError> {
        let update = self
            .update(&batch_id(&from.id))
            .update_expression("SET batch_record = :batch, step = :to")
            .condition_expression("step = :from")
            .expression_attribute_values(":batch", json(UPDATE, &to)?)
            .expression_attribute_values(":from", number(step(from)))
            .expression_attribute_values(":to", number(step(&to)));
        match self.send(update).await? {
            Updated::Yes(_) => Ok(to),
            Updated::ConditionFailed(Some(row)) => read(&row),
            Updated::ConditionFailed(None) => match self.batch(&from.id).await? {
                Some(batch) => Ok(batch),
                None => Err(CallError::unreadable(UPDATE, format!("batch {} is gone", from.id))),
            },
        }
    }
}

/// The number of writes before: planned and finished slices.
fn step(batch: &Batch) -> i64 {
    let slices = i64::try_from(batch.slices).unwrap_or(i64::MAX / 2);
    slices * 2 + i64::from(batch.slice.is_some())
}

fn batch_id(id: &str) -> String {
    format!("batch#{id}")
}

fn read(row: &Item) -> Result<Batch, CallError> {
    parsed(GET, row, "batch_record")
}
