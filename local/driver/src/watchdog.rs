//! The end of decisions that take too long or too much memory.
//!
//! One thread looks at what is being decided, some times a second, and gives those the signal to stop that are over
//! their limits. Whether one is stopped depends on the machine; that is why the stop becomes a fact of its own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use sluice_asl::eval::StopSignal;
use sluice_engine::Breakdown;

use crate::crash_markers::CrashMarker;

/// The time between two looks. Time is counted in looks, so that a machine or process that was stopped counts for nothing.
const TICK: Duration = Duration::from_millis(20);

/// The number of looks after which work that was told to stop counts as hung.
const GRACE: u32 = 15_000 / TICK.as_millis() as u32;

/// The looks at nothing after which it sleeps until it is called.
const IDLE: u32 = 50;

/// The most by which the process may grow during one decision, in bytes.
const MEMORY: u64 = 512 << 20;

/// Watches decisions. The handle can be cloned; the thread ends with the last of them.
#[derive(Clone)]
pub struct Watchdog {
    shared: Arc<Shared>,
    // last, so that the thread is told after everyone has let go
    _leash: Arc<Leash>,
}

/// The action when a decision does not end.
type OnHang = Box<dyn Fn(CrashMarker) + Send + Sync>;

#[derive(Default)]
struct Shared {
    state: Mutex<WatchState>,
    on_hang: Option<OnHang>,
    /// The thread waits to be called.
    asleep: AtomicBool,
    call: Condvar,
}

#[derive(Debug, Default)]
struct WatchState {
    watched: Vec<Watched>,
    next: u64,
    closed: bool,
}

#[derive(Debug)]
struct Watched {
    id: u64,
    /// The work that is watched, where a hang is to be reported.
    about: Option<CrashMarker>,
    stop: StopSignal,
    limit: u32,
    ticks: u32,
    /// The process's memory when it was first seen.
    memory: Option<u64>,
    breakdown: Option<Breakdown>,
}

/// Ends the thread.
struct Leash(Arc<Shared>);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.state.lock().closed = true;
        self.0.call.notify_all();
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").finish_non_exhaustive()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One decision under watch, until it is dropped.
pub struct Watch {
    shared: Arc<Shared>,
    id: u64,
    stop: StopSignal,
}

/// The result of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchReport {
    /// The time that it took, roughly; zero for what was over before anybody looked.
    pub took: Duration,
    /// The limit that it was stopped at.
    pub breakdown: Option<Breakdown>,
}

impl Watchdog {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        Self::spawn(None)
    }

    /// Starts the thread, which calls `on_hang` for what does not end long after it was told to.
    pub(crate) fn start_with(on_hang: impl Fn(CrashMarker) + Send + Sync + 'static) -> std::io::Result<Self> {
        Self::spawn(Some(Box::new(on_hang)))
    }

    fn spawn(on_hang: Option<OnHang>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            on_hang,
            ..Shared::default()
        });
        let watched = shared.clone();
        std::thread::Builder::new()
            .name("sluice-watchdog".into())
            .spawn(move || watched.run())?;
        Ok(Self {
            _leash: Arc::new(Leash(shared.clone())),
            shared,
        })
    }

    /// Watches what listens to `stop` until the answer is dropped, and stops it after `limit`, or when the process has
    /// grown by more than 512 MiB meanwhile (where the system tells: Linux).
    pub fn watch(&self, limit: Duration, stop: StopSignal) -> Watch {
        self.watch_over(limit, stop, None)
    }

    /// The same; if it does not end then, that is reported.
    pub(crate) fn watch_over(&self, limit: Duration, stop: StopSignal, about: Option<CrashMarker>) -> Watch {
        let mut state = self.shared.state.lock();
        let id = state.next;
        state.next += 1;
        state.watched.push(Watched {
            id,
            about,
            stop: stop.clone(),
            limit: u32::try_from(limit.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX),
            ticks: 0,
            memory: None,
            breakdown: None,
        });
        drop(state);
        if self.shared.asleep.load(Ordering::Acquire) {
            self.shared.call.notify_all();
        }
        Watch {
            shared: self.shared.clone(),
            id,
            stop,
        }
    }
}

impl Watch {
    /// The signal that the watchdog gives.
    pub fn stop(&self) -> &StopSignal {
        &self.stop
    }

    /// Ends the watch.
    pub fn end(self) -> WatchReport {
        let seen = self.leave();
        seen.unwrap_or(WatchReport {
            took: Duration::ZERO,
            breakdown: None,
        })
    }

    fn leave(&self) -> Option<WatchReport> {
        let mut state = self.shared.state.lock();
        let at = state.watched.iter().position(|watched| watched.id == self.id)?;
        let watched = state.watched.swap_remove(at);
        Some(WatchReport {
            took: TICK * watched.ticks,
            breakdown: watched.breakdown,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Shared {
    fn run(&self) {
        let mut idle = 0;
        let mut state = self.state.lock();
        while !state.closed {
            if state.watched.is_empty() {
                idle += 1;
            } else {
                idle = 0;
                state.look();
                if let (Some(mark), Some(on_hang)) = (state.hung(), &self.on_hang) {
                    on_hang(mark);
                }
            }
            if idle < IDLE {
                self.call.wait_for(&mut state, TICK);
            } else {
                idle = 0;
                self.asleep.store(true, Ordering::Release);
                self.call.wait(&mut state);
                self.asleep.store(false, Ordering::Release);
            }
        }
    }
}

impl WatchState {
    /// Takes the mark of work that was told to stop long ago and has not stopped.
    fn hung(&mut self) -> Option<CrashMarker> {
        let hung = self.watched.iter_mut().find(|watched| watched.is_hung())?;
        hung.about.take()
    }

    fn look(&mut self) {
        // most are over before the second look: then there is nothing to ask the system for
        let memory = self
            .watched
            .iter()
            .any(|watched| watched.ticks > 0)
            .then(resident)
            .flatten();
        let oldest = self.watched.iter().map(|watched| watched.ticks).max();
        for watched in &mut self.watched {
            let is_oldest = Some(watched.ticks) == oldest;
            match watched.look(memory) {
                None => {}
                // whoever has grown, it was not the one that came later
                Some(Breakdown::Memory) if !is_oldest => watched.memory = memory,
                Some(breakdown) => {
                    watched.breakdown = Some(breakdown);
                    watched.stop.stop();
                }
            }
        }
    }
}

impl Watched {
    fn is_hung(&self) -> bool {
        self.breakdown.is_some() && self.about.is_some() && self.ticks.saturating_sub(self.limit) > GRACE
    }

    fn look(&mut self, memory: Option<u64>) -> Option<Breakdown> {
        self.ticks = self.ticks.saturating_add(1);
        if self.breakdown.is_some() {
            return None;
        }
        let before = self.memory.or(memory);
        self.memory = before;
        let grown = memory.zip(before).map_or(0, |(now, before)| now.saturating_sub(before));
        if grown > MEMORY {
            Some(Breakdown::Memory)
        } else if self.ticks >= self.limit {
            Some(Breakdown::Time)
        } else {
            None
        }
    }
}

/// The bytes of the process that lie in memory, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(limit: u32) -> Watched {
        Watched {
            id: 0,
            about: None,
            stop: StopSignal::new(),
            limit,
            ticks: 0,
            memory: None,
            breakdown: None,
        }
    }

    /// The looks, each with the process's memory, and what comes of the last of them.
    fn check(limit: u32, looks: &[Option<u64>], expected: Option<Breakdown>) {
        let mut watched = watched(limit);
        let mut last = None;
        for memory in looks {
            assert_eq!(last, None, "stopped before its time");
            last = watched.look(*memory);
        }
        assert_eq!(last, expected, "{looks:?}");
    }

    #[test]
    fn what_takes_too_long_or_too_much_is_stopped() {
        let mib = |n: u64| Some(n << 20);
        check(3, &[None, None], None);
        check(3, &[None, None, None], Some(Breakdown::Time));
        check(9, &[None, mib(100), mib(612)], None);
        check(9, &[None, mib(100), mib(613)], Some(Breakdown::Memory));
        check(9, &[None, mib(700), mib(100), mib(1_200)], None);
    }

    #[test]
    fn an_endless_decision_is_told_to_stop_and_what_it_saw() {
        let watchdog = Watchdog::start().expect("starts");
        assert_eq!(watchdog.watch(Duration::MAX, StopSignal::new()).end().breakdown, None);
        let watch = watchdog.watch(Duration::ZERO, StopSignal::new());
        while !watch.stop().is_stopped() {
            std::thread::yield_now();
        }
        let seen = watch.end();
        assert_eq!(seen.breakdown, Some(Breakdown::Time));
        assert!(seen.took >= TICK);
    }

    #[test]
    fn what_does_not_end_long_after_it_was_told_to_is_hung_once() {
        let mark = CrashMarker {
            key: 1,
            seq: 2,
            phase: crate::crash_markers::Phase::Deciding,
        };
        let mut state = WatchState::default();
        state.watched.push(Watched {
            about: Some(mark),
            ..watched(3)
        });
        for look in 0..3 + GRACE {
            state.look();
            assert_eq!(state.hung(), None, "after {look} looks");
        }
        state.look();
        assert_eq!((state.hung(), state.hung()), (Some(mark), None));
    }

    #[test]
    fn the_system_tells_the_memory() {
        if cfg!(target_os = "linux") {
            assert!(resident().is_some_and(|bytes| bytes > 1 << 20), "{:?}", resident());
        }
    }
}
