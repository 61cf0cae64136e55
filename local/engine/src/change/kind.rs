//! The trait of all kinds of changes.

use super::position::{EventPosition, History};
use crate::event::EventKind;
use crate::execution_state::{ExecutionState, ThreadId};
use crate::map_run_changes::MapRunChange;
use crate::{Identity, InvariantViolation, Timestamp};

/// One kind of change to an execution.
pub(crate) trait Change: Clone + 'static {
    /// The thread whose deadline it may move; for the start of a branch, the one that opens it.
    fn thread(&self) -> Option<ThreadId>;

    /// The history in which it is an event.
    fn history(&self) -> History {
        History::None
    }

    /// The event that it is, seen from the state before it.
    fn event(&self, before: &ExecutionState, identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let _ = (before, identity);
        Ok(None)
    }

    /// Its time, if that is not the decision's.
    fn at(&self) -> Option<Timestamp> {
        None
    }

    /// Its meaning for Map Runs, seen from the state before it.
    fn map_run(&self, before: &ExecutionState, at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        let _ = (before, at);
        Ok(None)
    }

    /// Changes the state, and gives the place of its event, if it is one.
    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation>;
}

/// Applies a change, and keeps the deadlines as the threads want them.
pub(crate) fn apply<C: Change>(
    change: C,
    execution: &mut ExecutionState,
    at: Timestamp,
) -> Result<Option<EventPosition>, InvariantViolation> {
    let thread = change.thread();
    let position = change.apply(execution, at)?;
    if let Some(thread) = thread {
        execution.rearm(thread);
    }
    Ok(position)
}
