//! The wake-ups by the commit that makes a change, of those that wait for it: nobody polls.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// A thing whose change may be waited for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Topic {
    /// Records of a shard.
    Shard(i64),
    /// Messages of a queue.
    Queue(String),
}

/// Tells of changes. Made *before* looking, so that a change between the look and the wait is not missed.
#[derive(Debug)]
pub struct Wakes(watch::Receiver<u64>);

impl Wakes {
    /// Returns once something has changed since this was made or last returned.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The store is gone, and nothing will ever change: who waits must be stopped another way.
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<HashMap<Topic, watch::Sender<u64>>>);

impl Board {
    pub(crate) fn subscribe(&self, topic: Topic) -> Wakes {
        Wakes(self.lock().entry(topic).or_default().subscribe())
    }

    pub(crate) fn wake(&self, topic: &Topic) {
        let mut senders = self.lock();
        let Some(sender) = senders.get(topic) else { return };
        if sender.receiver_count() == 0 {
            senders.remove(topic);
        } else {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    pub(crate) fn wake_all(&self) {
        for sender in self.lock().values() {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, watch::Sender<u64>>> {
        // A map of senders is right at any moment, also after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
