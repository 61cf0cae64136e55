use std::sync::Arc;

use sluice_driver::{Observation, ObservationKind, Observer};
use sluice_engine::{Status, Timestamp};
use tokio::sync::mpsc;

use crate::Undelivered;

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
    undelivered: Undelivered,
}

impl Ended {
    /// An observer in front of `next`, and the other end of what it hears, which counts as undelivered until it is delivered.
    pub fn new(next: Arc<dyn Observer>, undelivered: Undelivered) -> (Self, mpsc::UnboundedReceiver<Heard>) {
        let (heard, receiver) = mpsc::unbounded_channel();
        let ended = Self {
            next,
            heard,
            undelivered,
        };
        (ended, receiver)
    }
}

impl Observer for Ended {
    fn observe(&self, observations: &[Observation]) {
        for observation in observations {
            if let ObservationKind::Ended { status, .. } = &observation.kind
                && is_unsuccessful(*status)
            {
                let heard = self.heard.send(Heard {
                    at: observation.at,
                    execution: Arc::clone(&observation.execution.arn),
                });
                // An error means that nobody delivers any more: the next start does.
                if heard.is_ok() {
                    self.undelivered.add(1);
                }
            }
        }
        self.next.observe(observations);
    }

    fn wants_states(&self) -> bool {
        self.next.wants_states()
    }
}

/// The statuses of which events tell.
pub(crate) const UNSUCCESSFUL: [Status; 3] = [Status::Failed, Status::TimedOut, Status::Aborted];

fn is_unsuccessful(status: Status) -> bool {
    UNSUCCESSFUL.contains(&status)
}
