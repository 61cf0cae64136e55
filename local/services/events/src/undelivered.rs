use std::sync::Arc;

use tokio::sync::watch;

/// The number of events that rules have not been told of yet. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Undelivered(Arc<watch::Sender<usize>>);

impl Undelivered {
    pub(crate) fn add(&self, events: usize) {
        self.0.send_modify(|open| *open = open.saturating_add(events));
    }

    pub(crate) fn delivered(&self) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }

    /// Returns true if there are none.
    pub fn is_none(&self) -> bool {
        *self.0.borrow() == 0
    }

    /// Waits until there are none.
    pub async fn none(&self) {
        // the sender is in `self`
        let _ = self.0.subscribe().wait_for(|open| *open == 0).await;
    }
}
