//! The end of a round: commit, then act; or, if that fails, as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sluice_engine::{Effect, Identity, ScheduledTask};

use super::Writer;
use super::batch::Batch;
use super::request::Request;
use crate::journal::{children, executions};
use crate::shared::Counters;
use crate::{DriverError, RunningTask, fold};

/// Failed commits in a row after which the driver stops: with the pauses between them, somewhat more than a second.
const FAILURES: u32 = 7;

/// The pause after the first failed commit; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

impl Writer {
    /// Ends a round. False: the journal cannot be written, the driver has to stop.
    pub(super) fn settle(&mut self, mut batch: Batch) -> bool {
        let committed = match batch.failed.take() {
            Some(error) => Err(error),
            None => self.project(&batch).and_then(|()| self.commit()),
        };
        match committed {
            Ok(()) => {
                self.act(batch);
                true
            }
            Err(error) => self.undo(batch, error),
        }
    }

    /// Writes the rows that the round has changed.
    fn project(&mut self, batch: &Batch) -> Result<(), DriverError> {
        let mut reports = batch.map_runs.values();
        reports.try_for_each(|report| children::write_report(&self.connection, report))?;
        batch.touched.iter().try_for_each(|&key| self.write_row(key))
    }

    /// Writes the row of an execution in memory, if it has changed.
    pub(super) fn write_row(&mut self, key: u64) -> Result<(), DriverError> {
        let Some(loaded) = self.residents.get_mut(key) else {
            return Ok(());
        };
        let projection = fold::project(&loaded.execution);
        if loaded.written.as_ref() != Some(&projection) {
            executions::update(&self.connection, key, &projection)?;
            loaded.written = Some(projection);
        }
        Ok(())
    }

    fn commit(&self) -> Result<(), DriverError> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// The round is on disk: now it may have consequences.
    fn act(&mut self, mut batch: Batch) {
        self.failures.in_a_row = 0;
        self.resumed |= batch.resumed;
        self.count(&batch);
        // whoever sees it can see that it was counted
        self.config.observer.observe(&batch.happenings);
        self.show(&batch);
        if !batch.advance.is_zero() {
            self.config.clock.advance(batch.advance);
        }
        let mut ended = Vec::new();
        for (identity, effect) in batch.effects.drain(..) {
            match effect {
                // What is to be called when everything is torn down is called after the restart.
                Effect::Run(_) if batch.close => {}
                Effect::Run(task) => self.run_task(identity, *task),
                Effect::Abandon(attempt) => self.runner.abandon(&identity, attempt),
                Effect::Finish(_) => ended.push(identity.key),
            }
        }
        batch.answer(Ok(()));
        for key in ended {
            self.tell_waiters(key);
        }
        for job in batch.jobs_settled.drain(..) {
            self.jobs.remove(&job);
        }
        self.dismiss(&batch);
        self.looked();
    }

    /// Before anybody hears of the commit, so that whoever has heard of it sees it.
    fn show(&self, batch: &Batch) {
        for &key in &batch.touched {
            if let Some(loaded) = self.residents.get(key) {
                self.shared
                    .recent
                    .put(&loaded.execution.identity().arn, loaded.snapshot());
            }
        }
    }

    fn count(&self, batch: &Batch) {
        let counters = &self.shared.counters;
        let ended = batch
            .effects
            .iter()
            .filter(|(_, effect)| matches!(effect, Effect::Finish(_)))
            .count();
        Counters::add(&counters.facts, batch.facts);
        Counters::add(&counters.commits, u64::from(batch.facts > 0));
        Counters::add(&counters.started, batch.started);
        Counters::add(&counters.ended, ended as u64);
    }

    fn run_task(&self, identity: Arc<Identity>, task: ScheduledTask) {
        let (shared, key, attempt) = (self.shared.clone(), identity.key, task.attempt);
        self.runner.run(RunningTask::new(identity, task, move |answer| {
            if !shared.is_closing() {
                shared.send(Request::Answered { key, attempt, answer });
            }
        }));
    }

    fn tell_waiters(&mut self, key: u64) {
        let Some(waiting) = self.waiters.remove(&key) else {
            return;
        };
        let record = executions::record(&self.connection, key);
        for reply in waiting {
            // A waiter that has gone away needs no answer.
            let _ = reply.send(record.clone());
        }
    }

    /// Keeps in memory what has calls in flight, and of the rest no more than a few with long logs.
    fn dismiss(&mut self, batch: &Batch) {
        for &key in &batch.touched {
            let Some(written) = self.residents.get(key).and_then(|loaded| loaded.written.as_ref()) else {
                continue;
            };
            if written.resident {
                self.residents.unpark(key);
                self.residents.arm(key);
                continue;
            }
            if let Some(at) = written.wake_at {
                self.parked_wake = Some(self.parked_wake.map_or(at, |first| first.min(at)));
            }
            self.residents.park(key);
        }
        if batch.woke {
            match executions::first_wake(&self.connection) {
                Ok(first) => self.parked_wake = first,
                // Looked up again in the next round.
                Err(error) => tracing::warn!(%error, "the next timer could not be read"),
            }
        }
        self.shared
            .counters
            .loaded
            .store(self.residents.len() as u64, Ordering::Relaxed);
    }

    /// The round did not happen: memory forgets it, and everyone who asked is told. False: once too often.
    fn undo(&mut self, mut batch: Batch, error: DriverError) -> bool {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
        Counters::add(&self.shared.counters.failed_commits, 1);
        for &key in &batch.touched {
            self.residents.evict(key);
            for reply in self.waiters.remove(&key).into_iter().flatten() {
                let _ = reply.send(Err(error.clone()));
            }
        }
        self.failures.unsettled.extend(batch.touched.iter().copied());
        self.failures.answers.append(&mut batch.answers);
        self.revisions.clear();
        self.current.clear();
        self.shared.forget_definitions();
        // Unknown: looked up in the next round.
        self.parked_wake = Some(i64::MIN);
        batch.answer(Err(&error));
        self.failures.in_a_row += 1;
        if self.failures.in_a_row >= FAILURES {
            tracing::error!(%error, "the journal cannot be written: the engine stops; make room or repair the disk, then restart");
            self.shared.set_stopped(error.to_string());
            return false;
        }
        tracing::warn!(%error, attempt = self.failures.in_a_row, "a commit failed and is tried again");
        std::thread::sleep(FIRST_PAUSE * 2_u32.pow(self.failures.in_a_row - 1));
        true
    }
}
