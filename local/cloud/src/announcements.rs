//! Announcements: what happens to executions, and that mails were sent, for whoever tells people of it as it happens.
//!
//! They are no promises. Whoever reads them too slowly misses some, and is told how many.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_driver::{Observation, ObservationKind, Observer};
use sluice_engine::{Identity, Status, Timestamp};
use tokio::sync::{mpsc, watch};

/// The announcements that wait to be read.
const WAITING: usize = 1_024;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Announcement {
    /// An execution began to wait for a task token.
    Waits {
        /// The execution.
        execution: Arc<Identity>,
        /// The time on the engine's clock.
        at: Timestamp,
    },
    /// An execution ended.
    Ended {
        /// The execution.
        execution: Arc<Identity>,
        /// The status in which it ended.
        status: Status,
        /// Milliseconds from its start to its end.
        took_ms: i64,
        /// The time on the engine's clock.
        at: Timestamp,
    },
    /// Mails were sent.
    Mailed,
    /// So many announcements were missed.
    Missed(u64),
}

/// The reader's end.
#[derive(Debug)]
pub struct Announcements {
    executions: mpsc::Receiver<Announcement>,
    mailed: watch::Receiver<()>,
    missed: Arc<AtomicU64>,
}

impl Announcements {
    /// Waits for the next announcement; none when the runtime is gone.
    pub async fn next(&mut self) -> Option<Announcement> {
        let missed = self.missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            return Some(Announcement::Missed(missed));
        }
        tokio::select! {
            one = self.executions.recv() => one,
            Ok(()) = self.mailed.changed() => Some(Announcement::Mailed),
        }
    }
}

/// The observer that announces, and passes everything on to another one.
pub(crate) struct Announcer {
    next: Arc<dyn Observer>,
    sender: mpsc::Sender<Announcement>,
    missed: Arc<AtomicU64>,
}

/// The reader's end of an [`Announcer`], without the mails.
#[derive(Debug)]
pub(crate) struct Announced {
    executions: mpsc::Receiver<Announcement>,
    missed: Arc<AtomicU64>,
}

impl Announced {
    /// The whole, with a channel that changes when mails are sent.
    pub(crate) fn with_mails(self, mailed: watch::Receiver<()>) -> Announcements {
        Announcements {
            executions: self.executions,
            mailed,
            missed: self.missed,
        }
    }
}

impl Announcer {
    /// An observer in front of `next`, and the reader's end.
    pub(crate) fn new(next: Arc<dyn Observer>) -> (Self, Announced) {
        let (sender, executions) = mpsc::channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let announced = Announced {
            executions,
            missed: Arc::clone(&missed),
        };
        (Self { next, sender, missed }, announced)
    }
}

impl Observer for Announcer {
    fn observe(&self, observations: &[Observation]) {
        for announcement in observations.iter().filter_map(announcement) {
            // an error means that nobody reads, or too slowly
            if self.sender.try_send(announcement).is_err() {
                self.missed.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.next.observe(observations);
    }

    fn wants_states(&self) -> bool {
        self.next.wants_states()
    }
}

fn announcement(observation: &Observation) -> Option<Announcement> {
    let execution = Arc::clone(&observation.execution);
    let at = observation.at;
    match &observation.kind {
        ObservationKind::Ended { status, took } => Some(Announcement::Ended {
            execution,
            status: *status,
            took_ms: *took,
            at,
        }),
        ObservationKind::TaskScheduled {
            resource: Resource::Service { pattern, .. },
        } if *pattern == IntegrationPattern::WaitForTaskToken => Some(Announcement::Waits { execution, at }),
        _ => None,
    }
}
