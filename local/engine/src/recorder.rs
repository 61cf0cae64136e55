//! The keeping of history events.

use crate::event::HistoryEvent;
use crate::execution_state::{ROOT, ThreadId};
use crate::origin::EventOrigin;

/// A keeper of events of some histories.
pub(crate) trait HistoryRecorder {
    /// Tells whether the history that this thread owns is kept.
    fn wants(&self, owner: ThreadId) -> bool;
    /// Keeps its next event, with the visit of a state that it is about.
    fn record(&mut self, owner: ThreadId, event: HistoryEvent, origin: EventOrigin);
}

/// The execution's own history.
impl HistoryRecorder for Vec<HistoryEvent> {
    fn wants(&self, owner: ThreadId) -> bool {
        owner == ROOT
    }

    fn record(&mut self, _owner: ThreadId, event: HistoryEvent, _origin: EventOrigin) {
        self.push(event);
    }
}
