//! The rounds of the engine's thread.
//!
//! Each round takes what has queued up, applies it, commits it with one fsync, and only then acts: effects, answers,
//! waiters. While a commit is under way new requests queue up; they are the next group.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::deletion::PAUSE;
use super::pulse::PULSE;
use super::state::{GROUP, Writer};
use crate::request::{Call, Request};
use crate::{DriverError, StartError};

/// The time after which a round takes nothing more in, unless the disk is slower: whoever comes while somebody else's
/// thousands wait, waits for one round and not for all of them.
const ROUND: Duration = Duration::from_millis(5);

/// The most deadlines that a round fires while requests wait.
const DEADLINES: usize = 64;

/// The longest sleep while only parked executions have deadlines: a machine that was suspended sees its deadlines this late at
/// most, since a sleeping thread does not notice that the wall clock has jumped.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

impl Writer {
    /// Works until the driver is closed, nobody holds it any more, or the journal is lost.
    pub(crate) fn run(mut self) {
        while self.fill_backlog() {
            self.now = self.config.clock.now();
            if self.is_idle() {
                self.looked();
                continue;
            }
            let mut batch = Batch::default();
            self.gather(&mut batch);
            let close = batch.close;
            if !self.finish_batch(batch) {
                break;
            }
            if close {
                self.checkpoint();
                break;
            }
        }
    }

    /// Leaves one file behind. The log does as well: whoever opens the journal next reads it.
    fn checkpoint(&self) {
        if let Err(error) = self.database.truncate_log() {
            tracing::debug!(%error, "the journal's log stays beside it");
        }
    }

    /// Waits for something to do. False: stop at once.
    fn fill_backlog(&mut self) -> bool {
        if let Some(pause) = self.failures.pause.take() {
            self.pause(pause);
        }
        if !self.has_work()
            && let Some(first) = self.wait()
        {
            self.queue(first);
        }
        // all of them, since the one whose turn is next may be the last that came
        while !self.backlog.is_closing()
            && let Ok(request) = self.requests.try_recv()
        {
            self.queue(request);
        }
        !self.backlog.is_shut_down()
    }

    pub(super) fn has_work(&self) -> bool {
        !self.backlog.is_empty()
            || !self.failures.results.is_empty()
            || !self.failures.to_reload.is_empty()
            || !self.culprits.is_empty()
            // whether the disk works again is found out by writing
            || self.shared.health.is_failing()
    }

    /// Waits after a failure, while requests queue up; less long if the driver is closed.
    fn pause(&mut self, pause: Duration) {
        let end = Instant::now() + pause;
        while let Ok(request) = self
            .requests
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            let over = matches!(request, Request::Close | Request::Shutdown);
            self.queue(request);
            if over {
                break;
            }
        }
    }

    /// The next request, or none when a deadline comes first, or when there is time to delete something.
    fn wait(&self) -> Option<Request> {
        if self.retention.is_due(self.config.clock.now()) && !self.is_overdue() {
            return self.requests.recv_timeout(PAUSE).ok();
        }
        // A dead channel cannot be: this thread's own handle on it lives as long as `self`.
        let forever = || Some(self.requests.recv().unwrap_or(Request::Shutdown));
        let in_flight = self.cache.first_deadline();
        let Some(deadline) = in_flight
            .into_iter()
            .chain(self.parked_wake)
            .chain(self.retention.next)
            .min()
        else {
            return forever();
        };
        let longest = if in_flight.is_some() { PULSE } else { LONGEST_SLEEP };
        match self.config.clock.until(deadline) {
            None => forever(),
            Some(Duration::ZERO) => self.requests.try_recv().ok(),
            Some(wait) => self.requests.recv_timeout(wait.min(longest)).ok(),
        }
    }

    /// Returns true if the deadline of an execution has come.
    pub(super) fn is_overdue(&self) -> bool {
        let deadlines = self.cache.first_deadline().into_iter().chain(self.parked_wake);
        let first = deadlines.min();
        first.is_some_and(|at| self.config.clock.until(at) == Some(Duration::ZERO))
    }

    /// Applies all that is there to do, in one transaction that is left open.
    fn gather(&mut self, batch: &mut Batch) {
        if let Err(error) = self.database.begin() {
            // The requests wait in the backlog for a while.
            batch.failed = Some(error.into());
            batch.close = self.closing();
            return;
        }
        let began = Instant::now();
        let time = ROUND.max(self.database.commit_took());
        let quiet = !self.has_work();
        self.set_aside_culprits(batch);
        self.retry_failed(batch);
        self.restart_timeouts_after_pause(batch);
        let limit = if self.backlog.is_empty() { GROUP } else { DEADLINES };
        self.fire_deadlines(limit, batch);
        self.finish_jobs(batch);
        for _ in 0..GROUP {
            if batch.failed.is_some() || batch.close {
                break;
            }
            let Some(request) = self.backlog.pop() else { break };
            self.taken_from_queue();
            if let Some(request) = self.hold(request, batch) {
                self.handle(request, batch);
            }
            self.finish_jobs(batch);
            if began.elapsed() >= time {
                break;
            }
        }
        self.delete_some(quiet, batch);
    }

    /// Returns true if the driver is to be closed: then it is, even if nothing can be written.
    fn closing(&self) -> bool {
        self.backlog.is_closing()
    }

    /// Lets a request wait for its turn. A start that would wait too long is refused.
    pub(super) fn queue(&mut self, request: Request) {
        if let Some(Request::Start(Call { reply, .. })) = self.backlog.push(request, &self.cache) {
            self.taken_from_queue();
            // whoever has gone away needs no answer
            let _ = reply.send(Err(StartError::Busy));
        }
    }

    pub(super) fn taken_from_queue(&self) {
        self.shared.counters.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Does again what a failed commit undid and nobody else would.
    fn retry_failed(&mut self, batch: &mut Batch) {
        for key in std::mem::take(&mut self.failures.to_reload) {
            if let Err(error) = self.load(key, batch) {
                self.report(key, &error, batch);
            }
        }
        for answer in std::mem::take(&mut self.failures.results) {
            match self.is_premature(&answer) {
                Ok(false) => self.runner_answered(answer, batch),
                Ok(true) => {}
                Err(error) => {
                    self.failures.results.push(answer);
                    batch.note(Some(&error));
                }
            }
        }
    }

    pub(super) fn report(&self, key: u64, error: &DriverError, batch: &mut Batch) {
        batch.note(Some(error));
        if !matches!(error, DriverError::Journal { .. }) {
            let file = self.shared.health.path().display();
            tracing::error!(execution = key, %file, %error, "an execution could not be carried on");
        }
    }
}
