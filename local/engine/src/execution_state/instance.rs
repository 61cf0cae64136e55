//! States being executed.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Resource;
use sluice_asl::{State, StateKind};

use super::fan_out::{FanOut, Iterations, MapRun};
use crate::{ScheduledTask, Timestamp};

/// One state being executed.
#[derive(Debug, Clone)]
pub(crate) struct StateInstance {
    pub(crate) state: Arc<State>,
    pub(crate) input: Arc<Value>,
    pub(crate) entered_at: Timestamp,
    /// Its `…StateEntered` event.
    pub(crate) entered: u64,
    /// The event before that.
    pub(crate) before: u64,
    /// `$$.State.RetryCount`.
    pub(crate) retry_count: u64,
    /// The uses of each retrier.
    pub(crate) tries: Vec<u64>,
    /// The retrier that was used last.
    pub(crate) last_retrier: Option<usize>,
    pub(crate) status: InstanceStatus,
}

/// The doing of a state between two facts.
#[derive(Debug, Clone)]
pub(crate) enum InstanceStatus {
    /// Nothing that outlasts the decision.
    Deciding,
    Waiting {
        until: Timestamp,
    },
    Calling(Box<Call>),
    Retrying {
        at: Timestamp,
    },
    FannedOut(Box<FanOut>),
}

/// An attempt of a Task.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) task: ScheduledTask,
    pub(crate) since: Timestamp,
    pub(crate) stage: CallStage,
    pub(crate) times_out_at: Option<Timestamp>,
    pub(crate) heartbeat_by: Option<Timestamp>,
}

/// The progress of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallStage {
    /// The call is under way, or an activity's task waits for a worker.
    Scheduled,
    /// A worker has the activity's task.
    WithWorker,
    /// The call was accepted; the token or the job is still to end.
    Submitted,
}

impl Call {
    /// Tells whether it is under way, so that the next answer is its own: not an activity's task, which is a worker's,
    /// nor a call whose token or job will end it.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.stage == CallStage::Scheduled && !matches!(self.task.resource, Resource::Activity { .. })
    }

    /// Tells whether it is under way and has a time of its own.
    pub(crate) fn is_timed(&self) -> bool {
        self.is_in_flight() && (self.times_out_at.is_some() || self.heartbeat_by.is_some())
    }
}

impl InstanceStatus {
    /// The time at which the state wants to be woken.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        match self {
            InstanceStatus::Waiting { until } => Some(*until),
            InstanceStatus::Retrying { at } => Some(*at),
            InstanceStatus::Calling(call) => match (call.times_out_at, call.heartbeat_by) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            InstanceStatus::Deciding | InstanceStatus::FannedOut(_) => None,
        }
    }
}

impl StateInstance {
    /// Tells whether the state is a Map.
    pub(crate) fn is_map(&self) -> bool {
        matches!(self.state.kind, StateKind::Map(_))
    }

    /// The branches of a Parallel or Map at work.
    pub(crate) fn fan_out(&self) -> Option<&FanOut> {
        match &self.status {
            InstanceStatus::FannedOut(fan_out) => Some(fan_out),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn fan_out_mut(&mut self) -> Option<&mut FanOut> {
        match &mut self.status {
            InstanceStatus::FannedOut(fan_out) => Some(fan_out),
            _ => None,
        }
    }

    /// The iterations of a Map at work.
    pub(crate) fn iterations(&self) -> Option<&Iterations> {
        self.fan_out()?.iterations.as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn iterations_mut(&mut self) -> Option<&mut Iterations> {
        self.fan_out_mut()?.iterations.as_mut()
    }

    /// The run of a distributed Map at work.
    pub(crate) fn run(&self) -> Option<&MapRun> {
        self.iterations()?.run.as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn run_mut(&mut self) -> Option<&mut MapRun> {
        self.iterations_mut()?.run.as_mut()
    }

    /// The attempt under way.
    pub(crate) fn call(&self) -> Option<&Call> {
        match &self.status {
            InstanceStatus::Calling(call) => Some(call),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn call_mut(&mut self) -> Option<&mut Call> {
        match &mut self.status {
            InstanceStatus::Calling(call) => Some(call),
            _ => None,
        }
    }
}
