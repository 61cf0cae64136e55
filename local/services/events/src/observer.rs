use std::sync::Arc;

use sluice_driver::{Observation, ObservationKind, Observer};
use sluice_engine::{Status, Timestamp};
use tokio::sync::mpsc;

/// An execution that ended without success.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heard {
    /// The time of its end.
    pub(crate) at: Timestamp,
    /// Its ARN.
    pub(crate) execution: Arc<str>,
}

/// Hears of executions that end without success, and passes everything on to another observer.
pub struct Ended {
    next: Arc<dyn Observer>,
    heard: mpsc::UnboundedSender<Heard>,
}

impl Ended {
    /// An observer in front of `next`, and the other end of what it hears.
    pub fn new(next: Arc<dyn Observer>) -> (Self, mpsc::UnboundedReceiver<Heard>) {
        let (heard, receiver) = mpsc::unbounded_channel();
        (Self { next, heard }, receiver)
    }
}

impl Observer for Ended {
    fn observe(&self, observations: &[Observation]) {
        for observation in observations {
            if let ObservationKind::Ended { status, .. } = &observation.kind
                && is_unsuccessful(*status)
            {
                // An error means that nobody delivers any more: the next start does.
                let _ = self.heard.send(Heard {
                    at: observation.at,
                    execution: Arc::clone(&observation.execution.arn),
                });
            }
        }
        self.next.observe(observations);
    }
}

/// The statuses of which events tell.
pub(crate) const UNSUCCESSFUL: [Status; 3] = [Status::Failed, Status::TimedOut, Status::Aborted];

fn is_unsuccessful(status: Status) -> bool {
    UNSUCCESSFUL.contains(&status)
}
