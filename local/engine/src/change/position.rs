//! Histories, and the places of events in them.

use crate::InvariantViolation;
use crate::execution_state::{ExecutionState, ROOT, ThreadId};

/// The history in which a change is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum History {
    /// None: the change is bookkeeping.
    None,
    /// The one that this thread writes to, which may have no room for more.
    Of(ThreadId),
    /// The one that this thread owns, for its first and last events, which have their room.
    OwnedBy(ThreadId),
}

impl History {
    /// The thread that owns the history.
    pub(crate) fn owner(self, execution: &ExecutionState) -> Result<Option<ThreadId>, InvariantViolation> {
        match self {
            History::None => Ok(None),
            History::Of(thread) => Ok(Some(execution.thread(thread)?.history_owner)),
            History::OwnedBy(thread) => Ok(Some(thread)),
        }
    }
}

/// The place of an event in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventPosition {
    /// The thread that owns the history.
    pub(crate) owner: ThreadId,
    pub(crate) id: u64,
    pub(crate) previous: u64,
}

/// Gives the next number in the history of `owner` to an event that follows `previous`.
pub(super) fn next_event(
    execution: &mut ExecutionState,
    owner: ThreadId,
    previous: u64,
) -> Result<EventPosition, InvariantViolation> {
    let events = if owner == ROOT {
        &mut execution.events
    } else {
        &mut execution.child_mut(owner)?.events
    };
    *events += 1;
    Ok(EventPosition {
        owner,
        id: *events,
        previous,
    })
}

/// Gives a place to the thread's next event, which the one after it follows.
pub(super) fn append_event(
    execution: &mut ExecutionState,
    thread: ThreadId,
) -> Result<EventPosition, InvariantViolation> {
    let position = append_aside(execution, thread)?;
    execution.thread_mut(thread)?.last = position.id;
    Ok(position)
}

/// Gives a place to the thread's next event; the one after it follows what this one follows.
pub(super) fn append_aside(
    execution: &mut ExecutionState,
    thread: ThreadId,
) -> Result<EventPosition, InvariantViolation> {
    let writer = execution.thread(thread)?;
    let (owner, last) = (writer.history_owner, writer.last);
    next_event(execution, owner, last)
}
