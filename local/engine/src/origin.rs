//! The visit of a state that a history event is about.
//!
//! A *visit* is one stay in a state, from its `…StateEntered` on, over all its attempts and redrives. Its number is that of
//! this event. AWS's `previousEventId` does not tell it: what follows a redrive hangs on `ExecutionRedriven`, and the
//! iterations of a Map hang on one another.

use crate::execution_state::{ExecutionState, ThreadId};
use crate::{EventKind, InvariantViolation};

/// The visit that an event is about, and the place of that visit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventOrigin {
    /// The visit; 0 for the execution's own events.
    pub visit: u64,
    /// The visit of the Parallel or Map around it; 0 at the top of the history.
    pub parent: u64,
    /// The branch of that Parallel, or the iteration of that Map, from 0.
    pub index: u64,
}

/// Finds the origin of an event that `writer` is about to write.
pub(crate) fn origin(
    before: &ExecutionState,
    writer: ThreadId,
    kind: &EventKind,
) -> Result<EventOrigin, InvariantViolation> {
    let thread = match kind {
        // of an iteration's end its own thread tells, but it is the Map's event
        EventKind::MapIterationSucceeded(_) | EventKind::MapIterationFailed(_) | EventKind::MapIterationAborted(_) => {
            before.slot(writer)?.parent
        }
        _ => writer,
    };
    let place = place(before, thread);
    Ok(EventOrigin {
        // an entry has its own number, which the recorder's caller knows
        visit: before.instance_if_any(thread).map_or(0, |instance| instance.entered),
        ..place
    })
}

/// The place of a thread's visits: the Parallel or Map that opened it, in the same history.
fn place(state: &ExecutionState, thread: ThreadId) -> EventOrigin {
    let slot = state
        .threads
        .get(&thread)
        .filter(|found| found.history_owner != thread)
        .and_then(|found| found.slot);
    let Some(slot) = slot else {
        return EventOrigin::default();
    };
    EventOrigin {
        visit: 0,
        parent: state
            .instance_if_any(slot.parent)
            .map_or(0, |instance| instance.entered),
        index: slot.index as u64,
    }
}
