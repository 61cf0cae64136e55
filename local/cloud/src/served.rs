//! Servers that stop together.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Servers that stop together.
pub(crate) struct Served {
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) tasks: Vec<JoinHandle<()>>,
}

impl Served {
    /// Lets running requests end until `deadline`.
    pub(crate) async fn stop(self, deadline: Instant) {
        // an error means that nobody serves any more
        let _ = self.stop.send(true);
        let all = async {
            for task in self.tasks {
                // a task that panicked has ended too
                let _ = task.await;
            }
        };
        if tokio::time::timeout_at(deadline, all).await.is_err() {
            tracing::warn!("some requests were cut off");
        }
    }
}
