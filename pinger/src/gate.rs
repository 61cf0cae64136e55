use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The limit of requests on their way at once; and the place where the thread that starts them sleeps.
///
/// It is a thread of its own, because a timer of the runtime is good to a millisecond only, and that millisecond would
/// be in every latency.
#[derive(Debug)]
pub(crate) struct Gate {
    most: usize,
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    inside: usize,
    closed: bool,
}

impl Gate {
    /// An open gate for `most` requests at once.
    pub(crate) fn new(most: usize) -> Self {
        Gate {
            most,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until there is room for one more, and takes it; `false` once the gate is closed.
    pub(crate) fn enter(&self) -> bool {
        let full = |state: &mut GateState| !state.closed && state.inside >= self.most;
        let mut state = self
            .changed
            .wait_while(self.state(), full)
            .unwrap_or_else(PoisonError::into_inner);
        state.inside += usize::from(!state.closed);
        !state.closed
    }

    /// One request ended.
    pub(crate) fn leave(&self) {
        let mut state = self.state();
        let was_full = state.inside >= self.most;
        state.inside = state.inside.saturating_sub(1);
        drop(state);
        if was_full {
            self.changed.notify_all();
        }
    }

    /// Sleeps for `time`; `false`, and at once, when the gate is closed.
    pub(crate) fn sleep(&self, time: Duration) -> bool {
        // Some systems cannot sleep for centuries; who sleeps less asks again.
        let until = Instant::now() + time.min(Duration::from_secs(3600));
        let mut state = self.state();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.closed || left.is_zero() {
                return !state.closed;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Nobody enters any more, and sleepers wake.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// A panic elsewhere leaves a count that is still one.
    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn who_finds_it_full_enters_when_another_leaves() {
        let gate = Gate::new(2);
        assert!(gate.enter() && gate.enter());
        let (entered, seen) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(gate.enter());
                entered.send(()).unwrap();
            });
            assert_eq!(seen.try_recv(), Err(mpsc::TryRecvError::Empty));
            gate.leave();
            seen.recv().unwrap();
        });
        assert_eq!(gate.state().inside, 2);
    }

    #[test]
    fn closing_wakes_who_waits_and_who_sleeps() {
        let gate = Gate::new(1);
        assert!(gate.enter());
        thread::scope(|scope| {
            let waits = scope.spawn(|| gate.enter());
            let sleeps = scope.spawn(|| gate.sleep(Duration::MAX));
            gate.close();
            assert!(!waits.join().unwrap());
            assert!(!sleeps.join().unwrap());
        });
        assert!(!gate.enter());
        assert!(!gate.sleep(Duration::ZERO));
        assert_eq!(gate.state().inside, 1);
    }

    #[test]
    fn no_time_is_no_sleep() {
        assert!(Gate::new(1).sleep(Duration::ZERO));
    }
}
