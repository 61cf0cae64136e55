//! What can happen to an execution. The journal holds these, and nothing else, as the truth about it.

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
    /// When, on the engine's clock; never before the entry that precedes it.
    pub at: Timestamp,
    /// From the operating system's random source.
    pub seed: [u64; 2],
    /// What happened.
    pub fact: Fact,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// StartExecution; the first but for what is known about activities, and only once.
    Started {
        /// The input.
        input: Arc<Value>,
    },
    /// A task ended well: the call's response, or SendTaskSuccess.
    TaskSucceeded {
        /// Which attempt.
        attempt: AttemptId,
        /// Its raw result, before ResultSelector and the like.
        output: Arc<Value>,
    },
    /// A task failed: the call's error, or SendTaskFailure.
    TaskFailed {
        /// Which attempt.
        attempt: AttemptId,
        /// The error name that `ErrorEquals` matches.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
    /// The call of a `.waitForTaskToken` task was accepted (or a `.sync` job was started); its result is still to come.
    TaskSubmitted {
        /// Which attempt.
        attempt: AttemptId,
        /// The call's response, for the history.
        output: Arc<Value>,
    },
    /// A worker took an activity's task (GetActivityTask).
    ActivityStarted {
        /// Which attempt.
        attempt: AttemptId,
        /// `workerName`.
        worker: Option<String>,
    },
    /// Which of the activities that the definition names do not exist, from now on. The only fact that may precede
    /// `Started`. Writes no history event.
    ActivitiesMissing {
        /// Their ARNs.
        arns: BTreeSet<Arc<str>>,
    },
    /// SendTaskHeartbeat. Writes no history event.
    Heartbeat {
        /// Which attempt.
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
        /// Which child ([`crate::ChildSummary::number`]).
        child: u32,
        /// As given.
        error: Option<String>,
        /// As given.
        cause: Option<String>,
    },
    /// What follows from a fact could not be decided within the limits, and was given up: the execution fails. Whether
    /// a limit was reached depends on the machine that decided, so it is a fact itself: nobody decides it again.
    BrokeDown {
        /// What happened; of it only a start is in the history.
        fact: Box<Fact>,
        /// Why it was given up.
        breakdown: Breakdown,
    },
    /// A fact with evaluations that its decision has asked for and that were made elsewhere, under limits that depend on
    /// the machine: nobody makes them again. Otherwise it is the fact in it.
    Evaluated {
        /// What happened.
        fact: Box<Fact>,
        /// In the order in which they were asked for, which is therefore part of what a decision means.
        evaluations: Vec<RecordedEvaluation>,
    },
    /// UpdateMapRun. Writes no history event.
    MapRunUpdated {
        /// The Map Run.
        arn: Arc<str>,
        /// What is to be different from now on.
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

    /// Whether its decision may evaluate any expression.
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

/// Why a decision was given up.
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

/// What UpdateMapRun changes; what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MapRunUpdate {
    /// How many children may be at work at a time; 0: as many as there can be.
    pub max_concurrency: Option<u64>,
    /// How many items may fail.
    pub tolerated_count: Option<u64>,
    /// Which percentage of the items may fail.
    pub tolerated_percentage: Option<f64>,
}
