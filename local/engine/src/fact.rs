//! Facts: the things that happen to an execution. The journal holds these, and nothing else, as the truth about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{RecordedEvaluation, Timestamp};

/// One attempt of a task, numbered within its execution. Each retry is a new attempt; a task that is sent again after
/// a crash keeps its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub u64);

/// A fact with the time it was taken in and the seed of every random number that its decision may draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its time on the engine's clock; never before the entry that precedes it.
    pub at: Timestamp,
    /// From the operating system's random source.
    pub seed: [u64; 2],
    /// The fact.
    pub fact: Fact,
}

/// A thing that has happened to an execution.
///
/// A journal keeps facts as JSON; the names in it do not change.
///
/// ```
/// use serde_json::json;
/// use sluice_engine::{AttemptId, Fact};
///
/// let fact = Fact::Heartbeat { attempt: AttemptId(3) };
/// assert_eq!(serde_json::to_value(&fact)?, json!({ "Heartbeat": { "attempt": 3 } }));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// StartExecution; the first but for what is known about activities, and only once.
    Started {
        /// The input.
        input: Arc<Value>,
    },
    /// A task ended well: the call's response, or SendTaskSuccess.
    TaskSucceeded {
        /// The attempt.
        attempt: AttemptId,
        /// Its raw result, before ResultSelector and the like.
        output: Arc<Value>,
    },
    /// A task failed: the call's error, or SendTaskFailure.
    TaskFailed {
        /// The attempt.
        attempt: AttemptId,
        /// The error name that `ErrorEquals` matches.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
    /// The call of a `.waitForTaskToken` task was accepted (or a `.sync` job was started); its result is still to come.
    TaskSubmitted {
        /// The attempt.
        attempt: AttemptId,
        /// The call's response, for the history.
        output: Arc<Value>,
    },
    /// A worker took an activity's task (GetActivityTask).
    ActivityStarted {
        /// The attempt.
        attempt: AttemptId,
        /// `workerName`.
        worker: Option<String>,
    },
    /// Other activities than before do not exist, of those that the definition names. The only fact that may precede
    /// `Started`. Writes no history event.
    ActivitiesMissing {
        /// Their ARNs.
        arns: BTreeSet<Arc<str>>,
    },
    /// SendTaskHeartbeat. Writes no history event.
    Heartbeat {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The calls in flight have their whole time again, from now on: they are sent again after a restart, or nothing
    /// ran for a while, or the clock jumped. Writes no history event.
    TimeoutsRestarted,
    /// The execution's earliest deadline has passed: a wait is over, a retry is due, something timed out.
    DeadlinePassed,
    /// StopExecution.
    Stopped {
        /// As given.
        error: Option<String>,
        /// As given.
        cause: Option<String>,
    },
    /// RedriveExecution.
    Redriven,
    /// StopExecution of a Map Run's child execution. Writes no event into the execution's own history.
    ChildStopped {
        /// The child's number ([`crate::ChildSummary::number`]).
        child: u32,
        /// As given.
        error: Option<String>,
        /// As given.
        cause: Option<String>,
    },
    /// The consequences of a fact could not be decided within the limits: the execution fails. Whether
    /// a limit was reached depends on the machine that decided, so it is a fact itself: nobody decides it again.
    BrokeDown {
        /// The fact; of it only a start is in the history.
        fact: Box<Fact>,
        /// The reason for giving up.
        breakdown: Breakdown,
    },
    /// A fact with evaluations that its decision has asked for and that were made elsewhere, under limits that depend on
    /// the machine: nobody makes them again. Otherwise it is the fact in it.
    Evaluated {
        /// The fact.
        fact: Box<Fact>,
        /// In the order in which they were asked for, which is therefore part of what a decision means.
        evaluations: Vec<RecordedEvaluation>,
    },
    /// UpdateMapRun. Writes no history event.
    MapRunUpdated {
        /// The Map Run.
        arn: Arc<str>,
        /// The new values.
        update: MapRunUpdate,
    },
}

impl Fact {
    /// The fact itself, without the evaluations that were made for it.
    pub fn without_evaluations(&self) -> &Self {
        match self {
            Self::Evaluated { fact, .. } => fact,
            fact => fact,
        }
    }

    /// Tells whether its decision may evaluate any expression.
    pub fn may_evaluate(&self) -> bool {
        match self {
            Self::Started { .. }
            | Self::TaskSucceeded { .. }
            | Self::TaskFailed { .. }
            | Self::DeadlinePassed
            | Self::Redriven
            | Self::ChildStopped { .. }
            | Self::MapRunUpdated { .. }
            | Self::Evaluated { .. } => true,
            Self::TaskSubmitted { .. }
            | Self::ActivityStarted { .. }
            | Self::ActivitiesMissing { .. }
            | Self::Heartbeat { .. }
            | Self::TimeoutsRestarted
            | Self::Stopped { .. }
            | Self::BrokeDown { .. } => false,
        }
    }
}

/// The reason for which a decision was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Breakdown {
    /// Its evaluations took too long.
    Time,
    /// Its evaluations needed too much memory.
    Memory,
    /// A bug: the decision panicked.
    Internal,
    /// A bug: the decision did not end, or the process ended with it, whenever it was tried.
    Fatal,
}

/// The values that UpdateMapRun changes; an absent one stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MapRunUpdate {
    /// The most children that may be at work at a time; 0: as many as there can be.
    pub max_concurrency: Option<u64>,
    /// The number of items that may fail.
    pub tolerated_count: Option<u64>,
    /// The percentage of the items that may fail.
    pub tolerated_percentage: Option<f64>,
}
