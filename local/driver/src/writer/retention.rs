//! The time for which ended executions are kept.

use std::time::Duration;

use rusqlite::Connection;
use sluice_engine::Timestamp;

use crate::DriverError;
use crate::clock::millis;
use crate::journal::deletion;

/// The time, in milliseconds, in which nothing is deleted after a round that failed: on a full disk deleting needs room too, and
/// must not be what keeps failing.
const AFTER_FAILURE: Timestamp = 60_000;

/// The writer's knowledge of what is to be deleted.
#[derive(Debug)]
pub(super) struct Retention {
    /// The time that executions are kept after their end.
    pub(super) keep: Timestamp,
    /// The time at which there is something to delete, or an earlier one. None: nothing has ended.
    pub(super) next: Option<Timestamp>,
}

impl Retention {
    pub(super) fn new(connection: &Connection, keep: Duration) -> Result<Self, DriverError> {
        let mut retention = Self {
            keep: millis(keep),
            next: None,
        };
        retention.look(connection)?;
        Ok(retention)
    }

    /// Looks for what is to be deleted next.
    pub(super) fn look(&mut self, connection: &Connection) -> Result<(), DriverError> {
        self.next = match deletion::remaining(connection)? {
            Some(_) => Some(Timestamp::MIN),
            None => deletion::first_end(connection)?.map(|end| end.saturating_add(self.keep)),
        };
        Ok(())
    }

    /// An execution has ended.
    pub(super) fn ended(&mut self, at: Timestamp) {
        let due = at.saturating_add(self.keep);
        self.next = Some(self.next.map_or(due, |next| next.min(due)));
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// A round that was to delete something failed.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.next = Some(now.saturating_add(AFTER_FAILURE));
    }
}
