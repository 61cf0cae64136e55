//! The work that is left for the time after a commit has succeeded, or failed.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sluice_engine::{AttemptId, Effect, Fact, Identity};
use sluice_storage::HeldReplies;

use super::decision_job::PendingDecision;
use crate::error::Failure;
use crate::journal::children::Reports;
use crate::request::Responder;
use crate::{DriverError, Observation};

/// An answer of the runner, which no caller would send again.
#[derive(Debug, Clone)]
pub(crate) struct RunnerResult {
    pub(crate) key: u64,
    pub(crate) attempt: AttemptId,
    pub(crate) fact: Fact,
    /// The execution whose end is the attempt's result.
    pub(crate) job: Option<String>,
    /// The job whose end this is.
    pub(crate) ended: Option<u64>,
}

/// The work that is left on an execution that is the job of another's task.
#[derive(Debug, Clone, Copy)]
pub(crate) enum JobWork {
    /// It has ended: those who wait for it are to be answered.
    Ended(u64),
    /// Nobody waits for it any more: it is to be stopped.
    Unwanted(u64),
}

/// The requests that share one commit.
#[derive(Default)]
pub(crate) struct Batch {
    /// Executions that were loaded, started or changed.
    pub(crate) touched: BTreeSet<u64>,
    /// The effects to carry out once it is on disk, in order.
    pub(crate) effects: Vec<(Arc<Identity>, Effect)>,
    /// The observations to report once it is on disk.
    pub(crate) observations: Vec<Observation>,
    /// The runner's answers that are part of it.
    pub(crate) results: Vec<RunnerResult>,
    /// The reports of the Map Runs that it changes.
    pub(crate) map_runs: Reports,
    /// Facts in it.
    pub(crate) facts: u64,
    /// Executions it starts.
    pub(crate) started: u64,
    /// The time by which the clock is to be advanced.
    pub(crate) advance: Duration,
    /// All calls in flight were given their time again.
    pub(crate) restarted: bool,
    /// Parked executions were woken: the next one to wake has to be looked up.
    pub(crate) woke: bool,
    /// The journal failed: the whole batch did not happen.
    pub(crate) failed: Option<DriverError>,
    /// The work on jobs that follows from the round's facts.
    pub(crate) jobs: VecDeque<JobWork>,
    /// Jobs that nobody waits for once the round is on disk.
    pub(crate) jobs_finished: Vec<u64>,
    /// All calls that an earlier process left open are sent again once the round is on disk.
    pub(crate) resumed: bool,
    /// The driver is to be closed.
    pub(crate) close: bool,
    /// Executions whose logs cannot be gone on with.
    pub(crate) set_aside: Vec<u64>,
    /// Decisions that others are to make once it is on disk.
    pub(super) pending: Vec<PendingDecision>,
    /// Ended executions are deleted in it.
    pub(crate) deletes: bool,
    /// The executions that it deletes, by key and ARN.
    pub(crate) deleted: Vec<(u64, Arc<str>)>,
    replies: HeldReplies<DriverError>,
}

impl Batch {
    /// Answers `reply` with `result` after the commit, or with the commit's failure.
    pub(crate) fn reply<T, E>(&mut self, reply: Responder<T, E>, result: Result<T, E>)
    where
        T: Send + 'static,
        E: Failure + Send + 'static,
    {
        if let Err(error) = &result {
            self.note(error.driver());
        }
        self.replies.hold(reply, result);
    }

    /// Takes note of an error: one of the journal's spoils the batch.
    pub(crate) fn note(&mut self, error: Option<&DriverError>) {
        if let Some(error @ DriverError::Journal { .. }) = error
            && self.failed.is_none()
        {
            self.failed = Some(error.clone());
        }
    }

    /// Sends all answers.
    pub(crate) fn answer(&mut self, committed: Result<(), &DriverError>) {
        self.replies.release(committed);
    }
}
