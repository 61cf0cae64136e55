//! Changes of a Parallel or Map as a whole.

use super::kind::Change;
use super::position::{EventPosition, History, append_aside, append_event};
use super::structure::remove_descendants;
use crate::event::EventKind;
use crate::execution_state::{ExecutionState, FanOut, InstanceStatus, ThreadId};
use crate::{Identity, InvariantViolation, Timestamp};

/// A Parallel or Map has started.
#[derive(Debug, Clone)]
pub(crate) struct FanOutStarted {
    pub(crate) thread: ThreadId,
    pub(crate) fan_out: Box<FanOut>,
}

impl Change for FanOutStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, _before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(match &self.fan_out.iterations {
            None => EventKind::ParallelStateStarted,
            Some(iterations) => EventKind::MapStateStarted {
                length: iterations.items.len() as u64,
            },
        }))
    }

    fn apply(
        mut self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.instance(self.thread)?;
        let position = append_event(execution, self.thread)?;
        if let Some(iterations) = &mut self.fan_out.iterations {
            iterations.link = position.id;
        }
        execution.instance_mut(self.thread)?.status = InstanceStatus::FannedOut(self.fan_out);
        Ok(Some(position))
    }
}

/// All branches or iterations have ended well, or well enough.
#[derive(Debug, Clone)]
pub(crate) struct FanOutSucceeded {
    pub(crate) thread: ThreadId,
    /// The next event follows `MapRunStarted`.
    pub(crate) unlinked: bool,
}

impl Change for FanOutSucceeded {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(if before.instance(self.thread)?.is_map() {
            EventKind::MapStateSucceeded
        } else {
            EventKind::ParallelStateSucceeded
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.fan_out(self.thread)?;
        let position = append_aside(execution, self.thread)?;
        let started = execution.run_if_any(self.thread).map(|run| run.started);
        if let Some(started) = started {
            if self.unlinked {
                execution.thread_mut(self.thread)?.last = started;
            }
            // the children that failed and were tolerated cannot be redriven any more
            remove_descendants(execution, self.thread);
        }
        Ok(Some(position))
    }
}

/// A Parallel or Map has failed.
#[derive(Debug, Clone)]
pub(crate) struct FanOutFailed {
    pub(crate) thread: ThreadId,
}

impl Change for FanOutFailed {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(if before.instance(self.thread)?.is_map() {
            EventKind::MapStateFailed
        } else {
            EventKind::ParallelStateFailed
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        append_event(execution, self.thread).map(Some)
    }
}

/// The branches go: the Parallel or Map is over, or starts anew.
#[derive(Debug, Clone)]
pub(crate) struct FanOutCleared {
    pub(crate) thread: ThreadId,
}

impl Change for FanOutCleared {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.fan_out(self.thread)?;
        remove_descendants(execution, self.thread);
        execution.instance_mut(self.thread)?.status = InstanceStatus::Deciding;
        Ok(None)
    }
}
