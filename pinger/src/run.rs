//! Drives pacer, transport and recorder against a real clock.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::RunError;
use crate::gate::Gate;
use crate::pacer::{Batching, Pacer, Schedule, Slot, Step};
use crate::progress::Progress;
use crate::recorder::Recorder;
use crate::submission::Generator;
use crate::summary::{Circumstances, End, Summary};
use crate::transport::Transport;

/// The plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The schedule.
    pub schedule: Schedule,
    /// The packing of submissions into requests.
    pub batching: Batching,
    /// The most requests on their way at once; at least 1.
    pub concurrency: usize,
    /// The time that the end of the schedule, or a signal, waits for what is on its way.
    pub grace: Duration,
    /// The interval of the progress reports.
    pub progress_every: Duration,
}

/// Sends what `plan` says, and gives its figures.
///
/// A message on `signals` ends the run: nothing more is started, and what is on its way has [`Plan::grace`] to end; a
/// second message does not wait for that. `tell` is called with the progress.
///
/// # Errors
/// [`RunError::Target`] if the target cannot be reached and never could; [`RunError::System`] if there is no thread.
pub async fn run<T: Transport>(
    plan: Plan,
    generator: Generator,
    transport: T,
    mut signals: mpsc::Receiver<()>,
    mut tell: impl FnMut(&Progress),
) -> Result<Summary, RunError> {
    let target = transport.target();
    let seed = generator.seed();
    let (all_ended, mut until_all_ended) = mpsc::channel(1);
    let (hopeless, mut hope) = mpsc::channel(1);
    let shared = Arc::new(Shared {
        origin: Instant::now(),
        gate: Gate::new(plan.concurrency.max(1)),
        pacer: Mutex::new(Pacer::new(plan.schedule, plan.batching)),
        recorder: Mutex::default(),
        generator,
        transport,
        hopeless,
    });
    start_pacing(&shared, all_ended)?;

    let mut ticks = tokio::time::interval(plan.progress_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut last_tick = Duration::ZERO;
    let mut end = End::Schedule;
    let mut deadline = plan
        .schedule
        .duration
        .map(|duration| duration.saturating_add(plan.grace));
    let mut stopped_at = None;
    loop {
        tokio::select! {
            // in this order: the last request to end may be the first that found the target gone
            biased;
            Some(reason) = hope.recv() => {
                shared.gate.close();
                return Err(RunError::Target { target, reason });
            }
            Some(()) = signals.recv() => {
                shared.gate.close();
                if stopped_at.is_some() {
                    break;
                }
                end = End::Signal;
                stopped_at = Some(shared.now());
                deadline = Some(shared.now().saturating_add(plan.grace));
            }
            _ = until_all_ended.recv() => break,
            () = sleep_until(shared.origin, deadline) => {
                shared.gate.close();
                break;
            }
            _ = ticks.tick() => {
                let now = shared.now();
                let backlog = shared.pacer().backlog(stopped_at.unwrap_or(now));
                let since_last = now.saturating_sub(last_tick);
                let progress = Progress::take(&mut shared.recorder(), &plan.schedule, now, since_last, backlog);
                last_tick = now;
                tell(&progress);
            }
        }
    }
    let elapsed = shared.now();
    let until = stopped_at.unwrap_or(elapsed);
    let about = Circumstances {
        target,
        seed,
        rate: plan.schedule.rate,
        scheduled: scheduled(&plan.schedule, stopped_at),
        elapsed,
        not_started: shared.pacer().backlog(until),
        end,
    };
    let summary = Summary::new(&shared.recorder(), about);
    Ok(summary)
}

/// For how long the schedule was followed.
fn scheduled(schedule: &Schedule, stopped_at: Option<Duration>) -> Duration {
    #[allow(clippy::cast_precision_loss)] // a count
    let by_count = schedule.count.map(|count| count as f64 / schedule.rate.per_second());
    let by_count = by_count.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    [by_count, schedule.duration, stopped_at]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or_default()
}

async fn sleep_until(origin: Instant, deadline: Option<Duration>) {
    match deadline.and_then(|deadline| origin.checked_add(deadline)) {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// The state that the pacing thread, the requests and the main loop share.
struct Shared<T> {
    origin: Instant,
    gate: Gate,
    pacer: Mutex<Pacer>,
    recorder: Mutex<Recorder>,
    generator: Generator,
    transport: T,
    hopeless: mpsc::Sender<String>,
}

impl<T: Transport> Shared<T> {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts what is due, until everything was or the gate is closed.
    fn pace(self: &Arc<Self>, runtime: &Handle, all_ended: &mpsc::Sender<Infallible>) {
        while self.gate.enter() {
            let slots = loop {
                // Not in the match's head: that would hold the lock while sleeping.
                let step = self.pacer().poll(self.now());
                match step {
                    Step::Start(slots) => break slots,
                    Step::Wait(until) => {
                        if !self.gate.sleep(until.saturating_sub(self.now())) {
                            return;
                        }
                    }
                    Step::Done => return,
                }
            };
            let started = self.now();
            self.recorder().started(&slots, started);
            let (shared, running) = (self.clone(), all_ended.clone());
            runtime.spawn(async move {
                shared.send(slots, started).await;
                shared.gate.leave();
                drop(running);
            });
        }
    }

    async fn send(&self, slots: Vec<Slot>, started: Duration) {
        let batch: Vec<_> = slots
            .iter()
            .map(|slot| self.generator.submission(slot.number))
            .collect();
        let outcomes = self.transport.send(&batch).await;
        let ended = self.now();
        let mut recorder = self.recorder();
        for ((slot, submission), outcome) in slots.into_iter().zip(&batch).zip(outcomes) {
            let lasting = outcome.as_ref().err().filter(|failure| failure.kind.is_lasting());
            if let (Some(failure), 0) = (lasting, recorder.answered()) {
                // Full: another one has said so.
                let _ = self.hopeless.try_send(failure.message.clone());
            }
            recorder.ended(slot, submission.kind, outcome, started, ended);
        }
    }
}

/// Starts the thread that starts the requests. It, and each request, holds a clone of `all_ended`.
fn start_pacing<T: Transport>(shared: &Arc<Shared<T>>, all_ended: mpsc::Sender<Infallible>) -> Result<(), RunError> {
    let (shared, runtime) = (shared.clone(), Handle::current());
    thread::Builder::new()
        .name("pacer".to_owned())
        .spawn(move || shared.pace(&runtime, &all_ended))
        .map(drop)
        .map_err(|source| RunError::System {
            doing: "cannot start the thread that keeps the rate",
            source,
        })
}
