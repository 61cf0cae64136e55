//! One function: its instances, its waiting requests, and the assignment of one to the other.
//!
//! Locks: a function's state may be held while an instance is asked something, never the reverse.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::config::FunctionSpec;
use crate::deadline::MISSED;
use crate::error::{InvokeError, ThrottleReason};
use crate::instance::{Instance, Outcome};
use crate::invocation::{Job, Permit};
use crate::logs::{FunctionLog, LogRecord};
use crate::observer::LoggedRecord;
use crate::pool::Pool;
use crate::process;
use crate::shared::{Denied, Shared};

/// A function as it was last configured. An update makes a new one beside it.
pub(crate) struct Function {
    pub(crate) spec: FunctionSpec,
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: Arc<FunctionLog>,
    in_flight: Arc<AtomicUsize>,
    state: Mutex<State>,
}

struct State {
    pool: Pool<Arc<Instance>, Job>,
    instances: Vec<Arc<Instance>>,
    /// A task watches whether more instances are needed.
    scaling: bool,
    /// Replaced or removed: instances end when they have nothing to do.
    retired: bool,
    /// Removed: takes no more requests.
    closed: bool,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

/// The numbers of a function's instances and requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionLoad {
    /// Instances that live: starting, idle and busy.
    pub instances: usize,
    /// Invocations in hand, the waiting ones included.
    pub in_flight: usize,
    /// Invocations that wait for an instance.
    pub queued: usize,
}

impl Function {
    pub(crate) fn new(spec: FunctionSpec, shared: Arc<Shared>, log: Arc<FunctionLog>) -> Self {
        let limit = reserved(&spec).min(shared.config.max_instances_per_function.max(1));
        let pool = Pool::new(limit, shared.config.cores);
        Self {
            spec,
            shared,
            log,
            in_flight: Arc::default(),
            state: Mutex::new(State {
                pool,
                instances: Vec::new(),
                scaling: false,
                retired: false,
                closed: false,
            }),
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.shared.config.now)()
    }

    pub(crate) fn load(&self) -> FunctionLoad {
        let state = self.state.lock();
        FunctionLoad {
            instances: state.pool.live(),
            in_flight: self.in_flight.load(Ordering::SeqCst),
            queued: state.pool.queued(),
        }
    }

    /// Keeps a record in the log, and reports it to the observer.
    pub(crate) fn keep(&self, record: LogRecord) {
        self.shared.config.observer.logged(&LoggedRecord {
            function: &self.spec.name,
            record: &record,
            in_flight: self.in_flight.load(Ordering::SeqCst),
            all_in_flight: self.shared.in_flight.count(),
            at_ms: self.now_ms(),
        });
        self.log.push(record);
    }

    /// An invocation has ended that took this long.
    pub(crate) fn invocation_ended(&self, took: Duration) {
        self.state.lock().pool.invocation_ended(took);
    }

    /// One unit of concurrency, or the reason why there is none.
    pub(crate) fn admit(&self) -> Result<Permit, InvokeError> {
        Permit::take(&self.in_flight, reserved(&self.spec), &self.shared.in_flight).ok_or(InvokeError::TooManyRequests(
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
        ))
    }

    /// Gives the request to an idle instance, or lets it wait for one.
    pub(crate) fn submit(self: &Arc<Self>, mut job: Job) -> Result<(), InvokeError> {
        loop {
            let mut state = self.state.lock();
            if let Some(instance) = state.pool.take_idle() {
                drop(state);
                match instance.assign(job) {
                    Ok(()) => return Ok(()),
                    Err(back) => job = *back,
                }
                continue;
            }
            if state.closed {
                return Err(InvokeError::Stopped(self.spec.name.to_string()));
            }
            let now = Instant::now();
            if state.pool.queued() >= self.shared.config.max_queued
                || state.pool.is_hopeless(now, self.shared.config.max_wait)
            {
                drop(state);
                self.shared.has_refused();
                return Err(InvokeError::TooManyRequests(
                    ThrottleReason::ConcurrentInvocationLimitExceeded,
                ));
            }
            state.pool.enqueue(job, now);
            let due = self.plan(&mut state);
            drop(state);
            self.launch(due);
            return Ok(());
        }
    }

    /// Puts back a request that its instance never saw.
    pub(crate) fn resubmit(self: &Arc<Self>, job: Job) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        let since = job.ticket.started;
        state.pool.enqueue_first(job, since);
        let due = self.plan(&mut state);
        drop(state);
        self.launch(due);
    }

    /// Decides what to start now and sees to it that the question is asked again while requests wait.
    fn plan(self: &Arc<Self>, state: &mut State) -> usize {
        let due = state.pool.starts_due(Instant::now(), self.shared.config.scale_up_wait);
        state.pool.start(due);
        if state.pool.queued() > 0 && !state.scaling {
            state.scaling = true;
            tokio::spawn(Arc::clone(self).scale());
        }
        due
    }

    async fn scale(self: Arc<Self>) {
        let pause = self.shared.config.scale_up_wait;
        loop {
            let slept = Instant::now();
            tokio::time::sleep(pause).await;
            let took = slept.elapsed();
            let (overdue, due) = {
                let mut state = self.state.lock();
                if took > pause + MISSED {
                    state.pool.was_away(took);
                }
                state.pool.retain_jobs(|job| !job.abandoned());
                let overdue = state.pool.take_overdue(Instant::now(), self.shared.config.max_wait);
                let due = if state.pool.queued() == 0 {
                    state.scaling = false;
                    None
                } else {
                    Some(self.plan(&mut state))
                };
                (overdue, due)
            };
            if !overdue.is_empty() {
                self.shared.has_refused();
            }
            for job in overdue {
                job.throttle();
            }
            let Some(due) = due else { return };
            self.launch(due);
        }
    }

    /// Starts instances that the pool has counted already, as far as the host's limits and the machine allow.
    fn launch(self: &Arc<Self>, count: usize) {
        for left in (0..count).rev() {
            let own = self.state.lock().pool.live().saturating_sub(left);
            match self.shared.claim_place(own) {
                Ok(place) => {
                    tokio::spawn(process::supervise(Arc::clone(self), place));
                }
                Err(denied) => {
                    self.state.lock().pool.could_not_start(Instant::now());
                    if denied == Denied::Full {
                        self.shared.make_room(self, own);
                    }
                }
            }
        }
    }

    /// The machine did not let an instance be started. Requests wait for those that run; without any, it is tried again while
    /// they wait.
    pub(crate) fn machine_failed(self: &Arc<Self>, error: &std::io::Error) {
        self.shared.could_not_start(error);
        let own = {
            let mut state = self.state.lock();
            state.pool.could_not_start(Instant::now());
            state.pool.live() + 1
        };
        self.shared.make_room(self, own);
    }

    /// Starts instances before anyone asks.
    pub(crate) fn prewarm(self: &Arc<Self>, count: usize) {
        let count = {
            let mut state = self.state.lock();
            let missing = count.saturating_sub(state.pool.live());
            state.pool.start(missing);
            missing
        };
        self.launch(count);
    }

    /// A process runs. `false` if the function has been retired meanwhile and nobody waits.
    pub(crate) fn register(&self, instance: &Arc<Instance>) -> bool {
        let mut state = self.state.lock();
        state.instances.push(Arc::clone(instance));
        !(self.shared.is_closing() || state.retired && state.pool.queued() == 0)
    }

    pub(crate) fn became_ready(self: &Arc<Self>, instance: &Arc<Instance>) {
        self.state.lock().pool.became_ready();
        self.offer(instance);
    }

    /// An instance has nothing to do: gives it a waiting request or keeps it warm.
    pub(crate) fn offer(self: &Arc<Self>, instance: &Arc<Instance>) {
        loop {
            let mut state = self.state.lock();
            match state.pool.next_job() {
                Some(job) if job.abandoned() => {}
                Some(job) => {
                    drop(state);
                    if let Err(job) = instance.assign(job) {
                        self.resubmit(*job);
                    }
                    return;
                }
                None if state.retired => {
                    drop(state);
                    return instance.stop();
                }
                None => {
                    if !instance.has_ended() {
                        state.pool.park(Arc::clone(instance), Instant::now());
                    }
                    return;
                }
            }
        }
    }

    /// An instance is gone.
    pub(crate) fn ended(self: &Arc<Self>, instance: &Arc<Instance>, was_starting: bool) {
        let mut state = self.state.lock();
        state.pool.forget_idle(instance);
        state.instances.retain(|other| other != instance);
        state.pool.ended(was_starting);
    }

    /// A start has failed: the request that waited longest is answered with the reason. `false` if
    /// nobody waits. Those left get another start.
    pub(crate) fn start_failed(self: &Arc<Self>, instance: &Instance, error: StartError) -> bool {
        let job = {
            let mut state = self.state.lock();
            state.pool.retain_jobs(|job| !job.abandoned());
            state.pool.next_job()
        };
        let told = job.is_some();
        if let Some(mut job) = job {
            job.ticket.started = Instant::now();
            job.ticket.started_at_ms = self.now_ms();
            let outcome = match error {
                StartError::Reported(payload) => Outcome::Error(payload),
                StartError::Platform(failure) => Outcome::Failure(failure),
            };
            instance.conclude(job.ticket, None, outcome).send();
        }
        self.restart_if_needed();
        told
    }

    /// Starts an instance if requests wait and none is left.
    pub(crate) fn restart_if_needed(self: &Arc<Self>) {
        let mut state = self.state.lock();
        let due = self.plan(&mut state);
        drop(state);
        self.launch(due);
    }

    /// Stops the instances that have been idle for too long.
    pub(crate) fn stop_expired(&self, now: Instant) {
        let expired = self
            .state
            .lock()
            .pool
            .take_expired(now, self.shared.config.idle_timeout);
        for instance in expired {
            instance.stop();
        }
    }

    /// Stops the coldest instance, if it has been idle for this long, to make room for another function.
    pub(crate) fn stop_one_idle(&self, spare: Duration) -> bool {
        let coldest = self.state.lock().pool.take_coldest(Instant::now(), spare);
        coldest.as_ref().is_some_and(|instance| {
            instance.stop();
            true
        })
    }

    /// The function is replaced: what waits is still served, then its instances end.
    pub(crate) fn retire(&self) {
        let idle = {
            let mut state = self.state.lock();
            state.retired = true;
            state.pool.take_all_idle()
        };
        for instance in idle {
            instance.stop();
        }
    }

    /// The function is removed: what waits is given up, what runs may end.
    pub(crate) fn close(&self) {
        self.retire();
        let waiting = {
            let mut state = self.state.lock();
            state.closed = true;
            state.pool.take_all_jobs()
        };
        drop(waiting);
    }

    /// Ends all instances, whatever they do.
    pub(crate) fn kill_all(&self) {
        self.close();
        let instances = self.state.lock().instances.clone();
        for instance in instances {
            instance.stop();
        }
    }
}

/// The reason why an instance did not start.
#[derive(Debug)]
pub(crate) enum StartError {
    /// The runtime reported an error at `/init/error`.
    Reported(Bytes),
    /// The platform found a failure.
    Platform(crate::platform::PlatformFailure),
}

fn reserved(spec: &FunctionSpec) -> usize {
    spec.reserved_concurrency
        .map_or(usize::MAX, |reserved| usize::try_from(reserved).unwrap_or(usize::MAX))
}
