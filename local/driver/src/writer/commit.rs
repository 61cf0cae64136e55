//! The end of a round: commit, then act; or, if that fails, as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sluice_disk::Fault;
use sluice_engine::{Effect, Identity, ScheduledTask};

use super::Writer;
use super::batch::Batch;
use super::request::Request;
use crate::journal::{children, executions};
use crate::shared::Counters;
use crate::{DriverError, RunningTask, fold};

/// As many rounds may fail until requests are refused that have not even been begun: with the pauses between them,
/// somewhat more than a second. So a lock that is soon given back costs them that, and nobody waits for long.
const PATIENCE: u32 = 7;

impl Writer {
    /// Ends a round. False: the journal is lost, the driver has to stop.
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
        let Some(loaded) = self.residents.get_mut(key).filter(|loaded| loaded.next_seq > 0) else {
            return Ok(());
        };
        let projection = fold::project(&loaded.execution);
        if loaded.written.as_ref() != Some(&projection) {
            executions::update(&self.connection, key, &projection)?;
            loaded.written = Some(projection);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DriverError> {
        let began = Instant::now();
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.commit_took = began.elapsed();
        // written to a file that is gone is not written
        match self.shared.disk.in_place() {
            true => Ok(()),
            false => Err(self.shared.unanswered()),
        }
    }

    /// The round is on disk: now it may have consequences.
    fn act(&mut self, mut batch: Batch) {
        self.shared.disk.works();
        self.resumed |= batch.resumed;
        self.count(&batch);
        // whoever sees it can see that it was counted
        self.config.observer.observe(&batch.happenings);
        self.show(&batch);
        self.forget_deleted(&batch);
        self.send_elsewhere(&mut batch);
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
        for key in ended.into_iter().chain(std::mem::take(&mut batch.set_aside)) {
            self.retention.ended(self.now);
            self.tell_waiters(key);
        }
        for job in batch.jobs_settled.drain(..) {
            self.jobs.remove(&job);
        }
        self.dismiss(&batch);
        if batch.restarted {
            // A round that gave thousands of calls their time again takes long itself. It is no pause, or the next round would do
            // the same, and so on.
            self.now = self.config.clock.now();
        }
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
            // stays in memory, and wants nothing before it is back
            if self.is_elsewhere(key) {
                self.residents.unpark(key);
                continue;
            }
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
            match executions::first_wake(&self.connection, |key| self.is_elsewhere(key)) {
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

    /// The round did not happen: memory forgets it, and everyone who asked is told. False: none will again.
    fn undo(&mut self, mut batch: Batch, error: DriverError) -> bool {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
        Counters::add(&self.shared.counters.failed_commits, 1);
        self.take_back(&mut batch, &error);
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
        if batch.deletes {
            self.retention.failed(self.now);
        }
        // Unknown: looked up in the next round.
        self.parked_wake = Some(i64::MIN);
        let (reason, fault): (&dyn std::fmt::Display, _) = match &error {
            DriverError::Journal { reason, fault } => (reason, *fault),
            other => (other, Fault::Lasting),
        };
        self.failures.pause = self.shared.disk.failed(reason, fault);
        if self.failures.pause.is_none() {
            batch.answer(Err(&self.shared.unanswered()));
            return false;
        }
        batch.answer(Err(&error));
        if self.shared.disk.failures() >= PATIENCE {
            self.refuse_backlog(&error);
        }
        true
    }

    /// Refuses what has queued up, but for what nobody would send again.
    fn refuse_backlog(&mut self, error: &DriverError) {
        let waiting: Vec<Request> = std::iter::from_fn(|| self.backlog.pop()).collect();
        for request in waiting {
            match request.refuse(error) {
                Some(kept) => self.queue(kept),
                None => self.taken_from_queue(),
            }
        }
    }
}
