//! Ended executions are deleted when their time is over, in small portions: a round that commits anyway deletes about as many
//! rows as it writes, and a quiet engine makes rounds for it alone.

use std::sync::Arc;
use std::time::Duration;

use super::batch::Batch;
use super::handle::REDRIVE_TOKENS;
use super::state::Writer;
use crate::DriverError;
use crate::clock::millis;
use crate::journal::deletion::{self, Budget};
use crate::journal::store;

/// The rows that a round deletes beside as many as it writes.
const LEAST: usize = 8;

/// The rows that a round deletes when nobody waits for it.
const QUIET: usize = 256;

/// The time without requests after which a round deletes and does nothing else.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

impl Writer {
    /// Deletes a portion of what is due, as part of the round.
    pub(super) fn delete_some(&mut self, quiet: bool, batch: &mut Batch) {
        if !self.retention.is_due(self.now) || batch.failed.is_some() || batch.close {
            return;
        }
        let written = usize::try_from(batch.facts).unwrap_or(QUIET);
        let rows = match (quiet, self.backlog.is_empty()) {
            (true, _) => QUIET,
            (false, true) => QUIET.min(written + LEAST),
            // more has come than a round takes: that goes first
            (false, false) => QUIET.min(written / 4 + LEAST),
        };
        batch.deletes = true;
        if let Err(error) = self.delete_portion(Budget::new(rows), batch) {
            tracing::error!(%error, "ended executions could not be deleted");
            batch.note(Some(&error));
            self.retention.failed(self.now);
        }
    }

    fn delete_portion(&mut self, mut budget: Budget, batch: &mut Batch) -> Result<(), DriverError> {
        while !budget.is_spent()
            && let Some(key) = deletion::remaining(&self.database.connection)?
        {
            deletion::go_on(&self.database.connection, key, &mut budget)?;
        }
        let until = self.now.saturating_sub(self.retention.keep);
        // those of this round, and those that somebody still waits for, are left out
        let may_go = |key| !batch.touched.contains(&key) && !self.jobs.contains(&key);
        for key in deletion::ended(&self.database.connection, until, &budget, may_go)? {
            if budget.is_spent() {
                break;
            }
            if let Some(deleted) = deletion::delete(&self.database.connection, key, &mut budget)? {
                if deleted.redriven {
                    store::remove(&self.database.connection, REDRIVE_TOKENS, &deleted.arn)?;
                }
                batch.deleted.push((key, Arc::from(deleted.arn)));
            }
        }
        if !batch.deleted.is_empty() {
            deletion::keep_next_key(&self.database.connection, self.next_key)?;
        }
        if !budget.is_spent() {
            self.retention.look(&self.database.connection)?;
            // what is due and was left out is looked at again later
            if self.retention.is_due(self.now) {
                self.retention.next = Some(self.now.saturating_add(millis(PAUSE)));
            }
        }
        Ok(())
    }

    /// The round is on disk: memory forgets what it has deleted.
    pub(super) fn forget_deleted(&mut self, batch: &Batch) {
        for (key, arn) in &batch.deleted {
            self.cache.evict(*key);
            self.shared.recent.put(arn, None);
        }
        crate::shared::Counters::add(&self.shared.counters.deleted, batch.deleted.len() as u64);
    }
}
