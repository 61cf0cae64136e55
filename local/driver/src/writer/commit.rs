//! The end of a round: commit, then act; or, if that fails, as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sluice_engine::{Effect, Identity, ScheduledTask};
use sluice_storage::{Fault, WriteError};

use super::batch::Batch;
use super::state::Writer;
use crate::journal::{children, executions};
use crate::request::Request;
use crate::shared::Counters;
use crate::{DriverError, RunningTask, fold};

/// The number of failed rounds after which requests are refused that have not even been begun: with the pauses between
/// them, somewhat more than a second. So a lock that is soon given back costs them that, and nobody waits for long.
const PATIENCE: u32 = 7;

impl Writer {
    /// Ends a round. False: the journal is lost, the driver has to stop.
    pub(super) fn finish_batch(&mut self, mut batch: Batch) -> bool {
        let committed = match batch.failed.take() {
            Some(error) => Err(error),
            None => self.project(&batch).and_then(|()| self.commit()),
        };
        match committed {
            Ok(()) => {
                self.act(batch);
                true
            }
            Err(error) => self.roll_back(batch, error),
        }
    }

    /// Writes the rows that the round has changed.
    fn project(&mut self, batch: &Batch) -> Result<(), DriverError> {
        let mut reports = batch.map_runs.values();
        reports.try_for_each(|report| children::write_report(&self.database.connection, report))?;
        batch.touched.iter().try_for_each(|&key| self.write_row(key))
    }

    /// Writes the row of an execution in memory, if it has changed.
    pub(super) fn write_row(&mut self, key: u64) -> Result<(), DriverError> {
        let Some(loaded) = self.cache.get_mut(key).filter(|loaded| loaded.next_seq > 0) else {
            return Ok(());
        };
        let projection = fold::project(&loaded.execution);
        if loaded.written.as_ref() != Some(&projection) {
            executions::update(&self.database.connection, key, &projection)?;
            loaded.written = Some(projection);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DriverError> {
        self.database.commit().map_err(|error| match self.shared.unanswered() {
            lost @ DriverError::Stopped { .. } => lost,
            _ => error.into(),
        })
    }

    /// The round is on disk: now it may have consequences.
    fn act(&mut self, mut batch: Batch) {
        self.database.succeeded();
        self.resumed |= batch.resumed;
        self.count(&batch);
        // whoever sees it can see that it was counted
        self.config.observer.observe(&batch.observations);
        self.show(&batch);
        self.forget_deleted(&batch);
        self.submit_offloaded(&mut batch);
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
            self.notify_waiters(key);
        }
        for job in batch.jobs_finished.drain(..) {
            self.jobs.remove(&job);
        }
        self.release_idle(&batch);
        if batch.restarted {
            // A round that gave thousands of calls their time again takes long itself. It is no pause, or the next round would do
            // the same, and so on.
            self.now = self.config.clock.now();
        }
        self.notify_at_rest();
        self.looked();
    }

    /// Answers those who wait until nothing is under way, if that is so.
    fn notify_at_rest(&mut self) {
        self.rest_waiters.retain(|reply| !reply.is_closed());
        let queued = self.shared.counters.queued.load(Ordering::Relaxed) > 0;
        if self.rest_waiters.is_empty()
            || queued
            || self.has_work()
            || self.is_overdue()
            || !self.offloaded.is_empty()
            || self.cache.has_calls_in_flight()
        {
            return;
        }
        for reply in self.rest_waiters.drain(..) {
            // a waiter that has gone away needs no answer
            let _ = reply.send(Ok(()));
        }
    }

    /// Publishes the changed executions before anybody is answered, so that whoever has an answer sees them.
    fn show(&self, batch: &Batch) {
        for &key in &batch.touched {
            if let Some(loaded) = self.cache.get(key) {
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
        self.runner.run(RunningTask::new(identity, task, move |result| {
            if !shared.is_closing() {
                shared.send(Request::Answered { key, attempt, result });
            }
        }));
    }

    fn notify_waiters(&mut self, key: u64) {
        let Some(waiting) = self.waiters.remove(&key) else {
            return;
        };
        let record = executions::record(&self.database.connection, key);
        for reply in waiting {
            // A waiter that has gone away needs no answer.
            let _ = reply.send(record.clone());
        }
    }

    /// Keeps in memory what has calls in flight, and of the rest no more than a few with long logs.
    fn release_idle(&mut self, batch: &Batch) {
        for &key in &batch.touched {
            // stays in memory, and wants nothing before it is back
            if self.is_offloaded(key) {
                self.cache.unpark(key);
                continue;
            }
            let Some(written) = self.cache.get(key).and_then(|loaded| loaded.written.as_ref()) else {
                continue;
            };
            if written.resident {
                self.cache.unpark(key);
                self.cache.arm(key);
                continue;
            }
            if let Some(at) = written.wake_at {
                self.parked_wake = Some(self.parked_wake.map_or(at, |first| first.min(at)));
            }
            self.cache.park(key);
        }
        if batch.woke {
            match executions::first_wake(&self.database.connection, |key| self.is_offloaded(key)) {
                Ok(first) => self.parked_wake = first,
                // Looked up again in the next round.
                Err(error) => tracing::warn!(%error, "the next timer could not be read"),
            }
        }
        self.shared
            .counters
            .loaded
            .store(self.cache.len() as u64, Ordering::Relaxed);
    }

    /// The round did not happen: memory forgets it, and everyone who asked is told. False: none will again.
    fn roll_back(&mut self, mut batch: Batch, error: DriverError) -> bool {
        let failure = match &error {
            DriverError::Journal { reason, fault } => WriteError {
                reason: reason.clone(),
                fault: *fault,
            },
            other => WriteError {
                reason: other.to_string(),
                fault: Fault::Permanent,
            },
        };
        self.failures.pause = self.database.failed(&failure);
        Counters::add(&self.shared.counters.failed_commits, 1);
        self.cancel_pending(&mut batch, &error);
        for &key in &batch.touched {
            self.cache.evict(key);
            for reply in self.waiters.remove(&key).into_iter().flatten() {
                let _ = reply.send(Err(error.clone()));
            }
        }
        self.failures.to_reload.extend(batch.touched.iter().copied());
        self.failures.results.append(&mut batch.results);
        self.revisions.clear();
        self.current.clear();
        self.shared.forget_definitions();
        if batch.deletes {
            self.retention.failed(self.now);
        }
        // Unknown: looked up in the next round.
        self.parked_wake = Some(i64::MIN);
        if self.failures.pause.is_none() {
            batch.answer(Err(&self.shared.unanswered()));
            return false;
        }
        batch.answer(Err(&error));
        if self.shared.health.failures() >= PATIENCE {
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
