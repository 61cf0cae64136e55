//! Changes: whoever waits for one is woken by the commit that makes it, so that nobody polls.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::watch;

/// Something that somebody may wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Topic {
    /// Records of a shard.
    Shard(i64),
    /// Messages of a queue.
    Queue(String),
}

/// A listener for changes. Made *before* looking, so that a change between the look and the wait is not missed.
#[derive(Debug)]
pub struct ChangeListener(watch::Receiver<u64>);

impl ChangeListener {
    /// Returns once something has changed since this was made or last returned.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The store is gone, and nothing will ever change: who waits must be stopped another way.
            std::future::pending::<()>().await;
        }
    }
}

/// The callers that wait for changes.
#[derive(Debug, Default)]
pub(crate) struct ChangeRegistry(Mutex<HashMap<Topic, watch::Sender<u64>>>);

impl ChangeRegistry {
    pub(crate) fn subscribe(&self, topic: Topic) -> ChangeListener {
        ChangeListener(self.0.lock().entry(topic).or_default().subscribe())
    }

    pub(crate) fn notify(&self, topic: &Topic) {
        let mut senders = self.0.lock();
        let Some(sender) = senders.get(topic) else { return };
        if sender.receiver_count() == 0 {
            senders.remove(topic);
        } else {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    pub(crate) fn notify_all(&self) {
        for sender in self.0.lock().values() {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}
