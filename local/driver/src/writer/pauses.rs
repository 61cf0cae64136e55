//! Time during which the engine did not run is not used by the calls in flight.
//!
//! A deadline is a time of the engine's clock, which goes on while the process is stopped, the machine sleeps or the
//! journal cannot be written. So the writer looks at the clock often while calls in flight can time out, and when a look
//! comes much too late, or the clock is told to jump, it gives each of them its whole time again, before a deadline counts.

use sluice_engine::{Fact, Timestamp};

use super::batch::Batch;
use super::execution_cache::Loaded;
use super::refused::Refused;
use super::state::Writer;

impl Writer {
    /// Returns true if a round would find nothing to do: it was only time to look at the clock.
    pub(super) fn is_idle(&self) -> bool {
        let is_due = |first: Option<Timestamp>| first.is_some_and(|at| at <= self.now);
        !self.has_work()
            && self.pulse.missed(self.now).is_none()
            && !is_due(self.cache.first_deadline())
            && !is_due(self.parked_wake)
            && !self.retention.is_due(self.now)
    }

    /// Remembers that the writer was here. A clock that others move tells nothing about what ran.
    pub(super) fn looked(&mut self) {
        let again_soon = self.clock_runs && self.cache.first_deadline().is_some();
        self.pulse.looked(self.now, again_soon);
    }

    /// Gives the calls in flight their time again, if nothing ran since the last look.
    pub(super) fn restart_timeouts_after_pause(&mut self, batch: &mut Batch) {
        let Some(gap) = self.pulse.missed(self.now) else { return };
        let executions = self.restart_all_timeouts(batch);
        if executions > 0 {
            tracing::info!(
                milliseconds = gap,
                executions,
                "nothing ran for a while: the calls in flight have their whole time again"
            );
        }
    }

    /// Gives all calls in flight their time again. Those of executions that are not in memory have it when they are sent
    /// again. Answers how many executions had any.
    pub(super) fn restart_all_timeouts(&mut self, batch: &mut Batch) -> usize {
        batch.restarted = true;
        let timed = self.cache.with_timed_calls();
        for &key in &timed {
            self.restart_timeouts(key, batch);
        }
        timed.len()
    }

    /// Gives the calls in flight of a loaded execution their time again.
    pub(super) fn restart_timeouts(&mut self, key: u64, batch: &mut Batch) {
        if let Some(offloaded) = self.offloaded.get_mut(&key) {
            offloaded.restart_timeouts = true;
            return;
        }
        match self.append(key, Fact::TimeoutsRestarted, batch) {
            // one that has ended meanwhile has no calls
            Ok(()) | Err(Refused::Illegal(_) | Refused::Deferred) => {}
            Err(Refused::Driver(error)) => self.report(key, &error, batch),
        }
    }

    /// Returns true if the execution has calls of an earlier process that nobody has made again yet: their time has not begun.
    pub(super) fn has_waiting_calls(&self, key: u64) -> bool {
        let waits = |loaded: &Loaded| !loaded.orphans.is_empty() && loaded.execution.has_timed_calls();
        !self.resumed && self.cache.get(key).is_some_and(waits)
    }
}
