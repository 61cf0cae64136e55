//! An observer that counts what executions do, while somebody wants to know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use sluice_console::{ExecutionCounts, SetOff, StateCount};
use sluice_driver::{Observation, ObservationKind, Observer};
use sluice_engine::Status;

/// Counts what executions do, from [`Tally::begin`] to [`Tally::end`].
#[derive(Debug, Default)]
pub struct Tally {
    counting: AtomicBool,
    counts: Mutex<SetOff>,
}

impl Tally {
    /// Begins to count, from nothing.
    pub fn begin(&self) {
        *self.counts.lock() = SetOff::default();
        self.counting.store(true, Ordering::Release);
    }

    /// Ends counting; returns what was counted.
    pub fn end(&self) -> SetOff {
        self.counting.store(false, Ordering::Release);
        std::mem::take(&mut *self.counts.lock())
    }

    /// Returns true while somebody counts.
    pub(crate) fn is_counting(&self) -> bool {
        self.counting.load(Ordering::Acquire)
    }

    /// Takes the observations of a commit.
    pub(crate) fn take(&self, observations: &[Observation]) {
        if self.is_counting() {
            let mut counts = self.counts.lock();
            for observation in observations {
                add(&mut counts, observation);
            }
        }
    }
}

/// Tells the tally of everything, and passes it on to another observer.
pub(crate) struct Counted {
    pub(crate) tally: Arc<Tally>,
    pub(crate) next: Arc<dyn Observer>,
}

impl Observer for Counted {
    fn observe(&self, observations: &[Observation]) {
        self.tally.take(observations);
        self.next.observe(observations);
    }

    fn wants_states(&self) -> bool {
        self.tally.is_counting() || self.next.wants_states()
    }
}

fn add(counts: &mut SetOff, observation: &Observation) {
    let executions: &mut ExecutionCounts = &mut counts.executions;
    match &observation.kind {
        ObservationKind::Started => executions.started += 1,
        ObservationKind::Redriven => executions.redriven += 1,
        ObservationKind::Ended { status, .. } => match status {
            Status::Succeeded => executions.succeeded += 1,
            Status::Failed => executions.failed += 1,
            Status::TimedOut => executions.timed_out += 1,
            Status::Aborted => executions.aborted += 1,
            Status::Running | Status::PendingRedrive => {}
        },
        ObservationKind::DeadlinePassed => counts.deadlines += 1,
        ObservationKind::StateEntered { state } => {
            let machine = &*observation.execution.machine_name;
            let known = counts
                .states
                .iter_mut()
                .find(|one| *one.state == **state && one.machine == machine);
            match known {
                Some(one) => one.entered += 1,
                None => counts.states.push(StateCount {
                    machine: machine.to_owned(),
                    state: state.to_string(),
                    entered: 1,
                }),
            }
        }
        ObservationKind::TaskScheduled { .. }
        | ObservationKind::TaskTaken { .. }
        | ObservationKind::TaskEnded { .. } => {}
    }
}
