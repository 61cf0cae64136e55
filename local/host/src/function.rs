//! One function: its instances, its waiting requests, and the assignment of one to the other.
//!
//! Locks: a function's state may be held while an instance is asked something, never the reverse.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::FunctionSpec;
use crate::context::FunctionContext;
use crate::deadline::MISSED;
use crate::error::{InvokeError, ThrottleReason};
use crate::instance::{Answer, Instance, Next, Outcome};
use crate::invocation::{Job, Permit, Ticket};
use crate::logs::FunctionLog;
use crate::platform::PlatformFailure;
use crate::pool::Pool;
use crate::shared::{Denied, Place, Shared};

/// The host as its functions see it.
pub(crate) trait FunctionHost: Send + Sync {
    /// Runs one instance of the function from its start to its end. The function has counted it already.
    fn run_instance(&self, function: Arc<Function>, place: Place);

    /// At the host's limit: stops an idle instance of another function, for one that would have `own`. Whoever waits tries
    /// again soon.
    fn make_room(&self, asking: &Function, own: usize);
}

/// A function as it was last configured. An update makes a new one beside it.
pub(crate) struct Function {
    pub(crate) context: Arc<FunctionContext>,
    host: Arc<dyn FunctionHost>,
    state: Mutex<FunctionState>,
}

struct FunctionState {
    pool: Pool<Arc<Instance>, Job>,
    instances: Vec<Arc<Instance>>,
    /// A task watches whether more instances are needed.
    scaling: bool,
    /// Replaced or removed: instances end when they have nothing to do.
    retired: bool,
    /// Removed: takes no more requests.
    closed: bool,
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
    pub(crate) fn new(
        spec: FunctionSpec,
        log: Arc<FunctionLog>,
        shared: Arc<Shared>,
        host: Arc<dyn FunctionHost>,
    ) -> Self {
        let context = FunctionContext::new(spec, shared, log);
        let pool = Pool::new(context.instance_limit(), context.shared.config.cores);
        Self {
            context: Arc::new(context),
            host,
            state: Mutex::new(FunctionState {
                pool,
                instances: Vec::new(),
                scaling: false,
                retired: false,
                closed: false,
            }),
        }
    }

    pub(crate) fn spec(&self) -> &FunctionSpec {
        &self.context.spec
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.context.now_ms()
    }

    /// One unit of concurrency, or the reason why there is none.
    pub(crate) fn admit(&self) -> Result<Permit, InvokeError> {
        self.context.admit()
    }

    fn shared(&self) -> &Shared {
        &self.context.shared
    }

    pub(crate) fn load(&self) -> FunctionLoad {
        let state = self.state.lock();
        FunctionLoad {
            instances: state.pool.live(),
            in_flight: self.context.in_flight(),
            queued: state.pool.queued(),
        }
    }

    /// Gives the runtime of an instance its next work. Its first request ends the start of the instance.
    pub(crate) fn next(self: &Arc<Self>, instance: &Arc<Instance>) -> Next {
        let next = instance.next();
        if let Next::WaitFirst(_) = &next {
            self.became_ready(instance);
        }
        next
    }

    /// Takes the answer of an instance's runtime. `false` if no such invocation is running.
    pub(crate) fn complete(self: &Arc<Self>, instance: &Arc<Instance>, id: Uuid, outcome: Outcome) -> bool {
        let Some((ticket, init)) = instance.complete(id) else {
            return false;
        };
        let answer = self.conclude(instance, ticket, init, outcome);
        // Before the caller goes on, so that its next request finds this instance idle.
        self.offer(instance);
        answer.send();
        true
    }

    /// Writes the log of an invocation that is over and makes its answer.
    pub(crate) fn conclude(
        &self,
        instance: &Instance,
        ticket: Ticket,
        init: Option<Duration>,
        outcome: Outcome,
    ) -> Answer {
        let (answer, permit) = instance.conclude(ticket, init, outcome);
        self.state.lock().pool.invocation_ended(answer.duration());
        drop(permit);
        answer
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
                return Err(InvokeError::Stopped(self.spec().name.to_string()));
            }
            let now = Instant::now();
            if state.pool.queued() >= self.shared().config.max_queued
                || state.pool.is_hopeless(now, self.shared().config.max_wait)
            {
                drop(state);
                self.shared().has_refused();
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
    fn plan(self: &Arc<Self>, state: &mut FunctionState) -> usize {
        let due = state
            .pool
            .starts_due(Instant::now(), self.shared().config.scale_up_wait);
        state.pool.start(due);
        if state.pool.queued() > 0 && !state.scaling {
            state.scaling = true;
            tokio::spawn(Arc::clone(self).scale());
        }
        due
    }

    async fn scale(self: Arc<Self>) {
        let pause = self.shared().config.scale_up_wait;
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
                let overdue = state.pool.take_overdue(Instant::now(), self.shared().config.max_wait);
                let due = if state.pool.queued() == 0 {
                    state.scaling = false;
                    None
                } else {
                    Some(self.plan(&mut state))
                };
                (overdue, due)
            };
            if !overdue.is_empty() {
                self.shared().has_refused();
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
            match self.shared().claim_place(own) {
                Ok(place) => {
                    self.host.run_instance(Arc::clone(self), place);
                }
                Err(denied) => {
                    self.state.lock().pool.could_not_start(Instant::now());
                    if denied == Denied::Full {
                        self.host.make_room(self, own);
                    }
                }
            }
        }
    }

    /// The machine did not let an instance be started. Requests wait for those that run; without any, it is tried again while
    /// they wait.
    pub(crate) fn machine_failed(self: &Arc<Self>, error: &std::io::Error) {
        self.shared().could_not_start(error);
        let own = {
            let mut state = self.state.lock();
            state.pool.could_not_start(Instant::now());
            state.pool.live() + 1
        };
        self.host.make_room(self, own);
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
        !(self.shared().is_closing() || state.retired && state.pool.queued() == 0)
    }

    fn became_ready(self: &Arc<Self>, instance: &Arc<Instance>) {
        self.state.lock().pool.became_ready();
        self.offer(instance);
    }

    /// An instance has nothing to do: gives it a waiting request or keeps it warm.
    fn offer(self: &Arc<Self>, instance: &Arc<Instance>) {
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
            self.conclude(instance, job.ticket, None, outcome).send();
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
            .take_expired(now, self.shared().config.idle_timeout);
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
    Platform(PlatformFailure),
}
