//! Parallel and Map at work: their branches, iterations and Map Runs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::child::ChildEnd;
use super::thread_id::ThreadId;
use crate::map_run::{MapRunCounts, MapRunStatus};
use crate::{InvariantViolation, Status, Timestamp};

/// A Parallel or Map in the middle of its work.
#[derive(Debug, Clone)]
pub(crate) struct FanOut {
    /// By branch or item; a tolerated failure leaves none.
    pub(crate) results: Vec<Option<Arc<Value>>>,
    /// Branches and iterations that are not over.
    pub(crate) open: usize,
    pub(crate) iterations: Option<Iterations>,
}

/// The iterations of a Map.
#[derive(Debug, Clone)]
pub(crate) struct Iterations {
    /// The effective input, for ItemSelector.
    pub(crate) input: Arc<Value>,
    /// The items, or the batches' inputs.
    pub(crate) items: Vec<Arc<Value>>,
    /// The items are an object's members, `{"Key": …, "Value": …}`.
    pub(crate) keyed: bool,
    /// The next to start.
    pub(crate) next: usize,
    /// The most that may run at a time.
    pub(crate) limit: usize,
    /// Unsuccessful children that wait for their turn to run again.
    pub(crate) redrive_queue: VecDeque<ThreadId>,
    /// The event that the next iteration follows.
    pub(crate) link: u64,
    pub(crate) run: Option<MapRun>,
}

/// A distributed Map's run.
#[derive(Debug, Clone)]
pub(crate) struct MapRun {
    pub(crate) arn: Arc<str>,
    pub(crate) label: Arc<str>,
    /// Its children are Express executions.
    pub(crate) express: bool,
    /// `MaxConcurrency` as the state says it.
    pub(crate) max_concurrency: u64,
    /// Items per child execution.
    pub(crate) weights: Vec<usize>,
    pub(crate) tolerance: Threshold,
    /// Its `MapRunStarted` event.
    pub(crate) started: u64,
    pub(crate) started_at: Timestamp,
    pub(crate) status: MapRunStatus,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) redrives: u64,
    pub(crate) redriven_at: Option<Timestamp>,
    pub(crate) executions: MapRunCounts,
    pub(crate) items: MapRunCounts,
    /// The children's ends, if the state's output tells of them.
    pub(crate) ends: Option<BTreeMap<usize, ChildEnd>>,
}

/// The tolerated number or share of failed items.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Threshold {
    pub(crate) count: Option<u64>,
    pub(crate) percentage: Option<f64>,
}

impl FanOut {
    /// The results as one array, in the order of the branches.
    pub(crate) fn result(&self) -> Value {
        let results = self.results.iter().flatten();
        Value::Array(results.map(|result| (**result).clone()).collect())
    }
}

impl Threshold {
    /// Tells whether `failed` of `total` are more than that.
    pub(crate) fn exceeded(self, failed: usize, total: usize) -> bool {
        let percent = if total == 0 {
            0.0
        } else {
            failed as f64 * 100.0 / total as f64
        };
        match (self.count, self.percentage) {
            (None, None) => failed > 0,
            (Some(count), None) => failed as u64 > count,
            (None, Some(percentage)) => percent > percentage,
            (Some(count), Some(percentage)) => failed as u64 > count || percent > percentage,
        }
    }
}

impl MapRun {
    /// Ends the run, unless it has ended.
    pub(crate) fn end(&mut self, status: MapRunStatus, at: Timestamp) {
        if self.status == MapRunStatus::Running {
            self.status = status;
            self.ended_at = Some(at);
        }
    }

    /// Tells whether a redrive goes on with it.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.status != MapRunStatus::Succeeded
    }

    /// Tells whether more items have failed than the state tolerates.
    pub(crate) fn exceeded(&self) -> bool {
        let failed = self.items.failed + self.items.timed_out;
        self.tolerance.exceeded(failed, self.items.total())
    }

    /// The number of items of the child at `index`.
    pub(crate) fn weight(&self, index: usize) -> usize {
        self.weights.get(index).copied().unwrap_or(1)
    }

    /// Counts a child and its items under another status from now on; `None`: not started.
    pub(crate) fn recount(&mut self, index: usize, from: Option<Status>, to: Option<Status>) {
        self.executions.shift(1, from, to);
        let weight = self.weight(index);
        self.items.shift(weight, from, to);
    }
}

impl Iterations {
    /// The item at `index` of the Map of `thread`.
    pub(crate) fn item(&self, thread: ThreadId, index: usize) -> Result<&Arc<Value>, InvariantViolation> {
        let missing = InvariantViolation::NoItem {
            thread: thread.0,
            index,
        };
        self.items.get(index).ok_or(missing)
    }

    /// Takes a child out of those that wait to run again, if it is one.
    pub(crate) fn unqueue(&mut self, child: ThreadId) {
        if let Some(at) = self.redrive_queue.iter().position(|waiting| *waiting == child) {
            self.redrive_queue.remove(at);
        }
    }
}
