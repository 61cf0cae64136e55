//! Map Runs and their child executions, as lists and descriptions tell of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Status, Timestamp};

/// The status of a Map Run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MapRunStatus {
    /// It has children that are not done.
    Running,
    /// All its children are done, and no more failed than it tolerates.
    Succeeded,
    /// More children failed than it tolerates.
    Failed,
    /// Its state or its execution ended first.
    Aborted,
}

impl MapRunStatus {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }
}

/// The numbers of child executions, or of items in them, by their status. Each is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRunCounts {
    /// Not started yet.
    pub pending: usize,
    /// At work.
    pub running: usize,
    /// Ended well.
    pub succeeded: usize,
    /// Failed.
    pub failed: usize,
    /// Ran out of time.
    pub timed_out: usize,
    /// Cut short.
    pub aborted: usize,
    /// Unsuccessful, and waiting to be redriven.
    pub pending_redrive: usize,
}

impl MapRunCounts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.pending
            + self.running
            + self.succeeded
            + self.failed
            + self.timed_out
            + self.aborted
            + self.pending_redrive
    }

    /// The number of those with this status; `None`: not started yet.
    fn at(&mut self, status: Option<Status>) -> &mut usize {
        match status {
            None => &mut self.pending,
            Some(Status::Running) => &mut self.running,
            Some(Status::Succeeded) => &mut self.succeeded,
            Some(Status::Failed) => &mut self.failed,
            Some(Status::TimedOut) => &mut self.timed_out,
            Some(Status::Aborted) => &mut self.aborted,
            Some(Status::PendingRedrive) => &mut self.pending_redrive,
        }
    }

    /// Counts so many under another status.
    pub(crate) fn shift(&mut self, count: usize, from: Option<Status>, to: Option<Status>) {
        let from = self.at(from);
        *from = from.saturating_sub(count);
        *self.at(to) += count;
    }
}

/// One run of a distributed Map.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRunReport {
    /// `arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:ID`.
    pub arn: Arc<str>,
    /// The execution in which it was started: the machine's, or a child execution of another Map Run.
    pub execution_arn: Arc<str>,
    /// Its children are Express executions.
    pub express: bool,
    /// Its status.
    pub status: MapRunStatus,
    /// The time of its start.
    pub started_at: Timestamp,
    /// The time of its end.
    pub ended_at: Option<Timestamp>,
    /// The most children that may be at work at a time, as the state or UpdateMapRun says; 0: no limit was given.
    pub max_concurrency: u64,
    /// The number of items that may fail, if the state says so.
    pub tolerated_count: Option<u64>,
    /// The share of the items that may fail, if the state says so.
    pub tolerated_percentage: Option<f64>,
    /// The number of its redrives.
    pub redrives: u64,
    /// The time of its last redrive.
    pub redriven_at: Option<Timestamp>,
    /// Its child executions.
    pub executions: MapRunCounts,
    /// Their items.
    pub items: MapRunCounts,
}

/// One child execution of a Map Run, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildSummary {
    /// Its number within the execution that holds the log; larger ones started later.
    pub number: u32,
    /// `arn:aws:states:REGION:ACCOUNT:execution:MACHINE/LABEL:NAME` (Express: `…:express:MACHINE/LABEL:NAME:ID`).
    pub arn: Arc<str>,
    /// The run that started it.
    pub map_run_arn: Arc<str>,
    /// The name of the Map state.
    pub state: Arc<str>,
    /// Its status.
    pub status: Status,
    /// The time of its start.
    pub started_at: Timestamp,
    /// The time of its last end, unless it is at work.
    pub ended_at: Option<Timestamp>,
    /// The number of its items.
    pub items: usize,
    /// The number of its redrives.
    pub redrives: u64,
    /// The time of its last redrive.
    pub redriven_at: Option<Timestamp>,
    /// Its history has no room for a redrive.
    pub full: bool,
}
