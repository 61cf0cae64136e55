//! The observations of executions, for whoever counts them.

use std::fmt;
use std::sync::Arc;

use sluice_asl::definition::Resource;
use sluice_engine::{Identity, Status, Timestamp};

/// A receiver of observations: each comes once, and only after it is on disk. What a process had not reported when it was
/// killed is not reported by the next.
///
/// Called from the engine's thread: it may not block.
pub trait Observer: Send + Sync + 'static {
    /// Takes the observations of one commit, in their order.
    fn observe(&self, observations: &[Observation]);

    /// Returns true if the states that are entered are to be reported at the moment. They are several for each execution, so
    /// they are left out unless somebody wants them.
    fn wants_states(&self) -> bool {
        false
    }
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn observe(&self, _: &[Observation]) {}
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// Something that happened to an execution. The children of a Map Run are part of their parent: their tasks are reported as
/// its own, their starts and ends are not.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The time on the engine's clock.
    pub at: Timestamp,
    /// The execution.
    pub execution: Arc<Identity>,
    /// The kind of observation, with its figures.
    pub kind: ObservationKind,
}

/// The kind of an observation.
#[derive(Debug, Clone, PartialEq)]
pub enum ObservationKind {
    /// It was started.
    Started,
    /// It was redriven.
    Redriven,
    /// It ended.
    Ended {
        /// The status in which it ended.
        status: Status,
        /// Milliseconds from its start to its end.
        took: i64,
    },
    /// A deadline has passed: a wait or the pause before a retry ended, or something took too long.
    DeadlinePassed,
    /// A state was entered.
    StateEntered {
        /// Its name.
        state: Arc<str>,
    },
    /// A task was scheduled.
    TaskScheduled {
        /// The resource that it calls.
        resource: Resource,
    },
    /// A worker took an activity's task.
    TaskTaken {
        /// The activity.
        resource: Resource,
        /// Milliseconds that it waited for the worker.
        waited: i64,
    },
    /// A task ended, by its call's answer or by its token.
    TaskEnded {
        /// The resource that it calls.
        resource: Resource,
        /// The end of the task.
        end: TaskEnd,
        /// Milliseconds since it was scheduled.
        took: i64,
    },
}

/// The end of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEnd {
    /// With a result.
    Succeeded,
    /// With an error.
    Failed,
    /// It, or its heartbeat, took too long.
    TimedOut,
}
