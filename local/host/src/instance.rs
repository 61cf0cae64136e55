//! One instance of a function: what its runtime is doing and which invocation it has.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::wall_clock_ms;
use crate::context::FunctionContext;
use crate::deadline::Deadline;
use crate::error::InvokeError;
use crate::invocation::{Delivery, FunctionError, InvokeOutput, Job, Permit, Ticket};
use crate::logs::{Capture, InvocationStatus, LogRecord};
use crate::memory::peak_memory_mb;
use crate::platform::{PlatformFailure, billed_ms};

/// The memory figure of a report may be this old.
const MEMORY_MAX_AGE: Duration = Duration::from_secs(1);

/// The phase of an instance's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Ready,
    Ended,
}

/// The end of an invocation, with what the caller gets.
#[derive(Debug)]
pub(crate) enum Outcome {
    Success(Bytes),
    Error(Bytes),
    Failure(PlatformFailure),
}

/// The answer to a runtime that asks for work.
#[derive(Debug)]
pub(crate) enum Next {
    Deliver(Delivery),
    Wait(oneshot::Receiver<Delivery>),
    /// The same, and the instance's start is over with it.
    WaitFirst(oneshot::Receiver<Delivery>),
    /// The invocation it has is not answered yet, or it asks already.
    Refused,
    Ended,
}

/// The state that an instance leaves behind when it ends.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) was_starting: bool,
    /// The runtime's message about a failed start.
    pub(crate) init_error: Option<Bytes>,
    /// The invocation that was running.
    pub(crate) running: Option<Ticket>,
    /// One that the runtime has not seen.
    pub(crate) undelivered: Option<Job>,
    pub(crate) init: Option<Duration>,
}

#[derive(Debug)]
struct InstanceState {
    phase: Phase,
    created: Instant,
    /// A `/next` that waits for work.
    parked: Option<oneshot::Sender<Delivery>>,
    /// Work that waits for the `/next`, which follows an answer after a moment.
    assigned: Option<Job>,
    running: Option<Ticket>,
    /// The time at which the start or the invocation is overdue.
    deadline: Deadline,
    /// The time at which the supervisor looks next. While that is before the deadline it need not be told.
    armed: Option<Instant>,
    stop: bool,
    init_error: Option<Bytes>,
    /// Reported with the first invocation.
    init: Option<Duration>,
}

/// An instance. Two are equal if they are the same one.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) context: Arc<FunctionContext>,
    log_stream: Arc<str>,
    pub(crate) pid: OnceLock<u32>,
    state: Mutex<InstanceState>,
    pub(crate) capture: Mutex<Capture>,
    memory: Mutex<Option<(Instant, Option<u32>)>>,
    /// Wakes the supervisor: an earlier deadline, or the wish to stop.
    pub(crate) alarm: Notify,
}

impl PartialEq for Instance {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Instance {
    /// A starting instance, whose process must ask for work within `init_timeout`.
    pub(crate) fn new(context: Arc<FunctionContext>, log_stream: Arc<str>, init_timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            context,
            log_stream,
            pid: OnceLock::new(),
            state: Mutex::new(InstanceState {
                phase: Phase::Starting,
                created: now,
                parked: None,
                assigned: None,
                running: None,
                deadline: Deadline::after(now, init_timeout),
                armed: None,
                stop: false,
                init_error: None,
                init: None,
            }),
            capture: Mutex::new(Capture::new()),
            memory: Mutex::new(None),
            alarm: Notify::new(),
        }
    }

    pub(crate) fn log_stream(&self) -> &str {
        &self.log_stream
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state.lock().phase == Phase::Ended
    }

    /// Asks the supervisor to end the process.
    pub(crate) fn stop(&self) {
        self.state.lock().stop = true;
        self.alarm.notify_one();
    }

    /// Gives the instance its next invocation; gives it back if the instance has ended.
    pub(crate) fn assign(&self, mut job: Job) -> Result<(), Box<Job>> {
        let timeout = self.context.spec.timeout;
        let mut state = self.state.lock();
        if state.phase == Phase::Ended || state.stop {
            return Err(Box::new(job));
        }
        state.deadline = Deadline::after(Instant::now(), timeout);
        job.delivery.deadline_ms = wall_clock_ms() + u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let deadline = state.deadline.at();
        let wake_supervisor = state.armed.is_none_or(|armed| deadline.is_some_and(|at| armed > at));
        if wake_supervisor {
            state.armed = deadline;
        }
        match state.parked.take() {
            Some(runtime) => {
                let delivery = self.begin(&mut state, job);
                if let Err(delivery) = runtime.send(delivery) {
                    // The waiting connection has gone: the next one gets it.
                    let ticket = state.running.take();
                    state.assigned = ticket.map(|ticket| Job { delivery, ticket });
                }
            }
            None => state.assigned = Some(job),
        }
        drop(state);
        if wake_supervisor {
            self.alarm.notify_one();
        }
        Ok(())
    }

    fn begin(&self, state: &mut InstanceState, mut job: Job) -> Delivery {
        job.ticket.started = Instant::now();
        job.ticket.started_at_ms = self.context.now_ms();
        state.running = Some(job.ticket);
        self.capture.lock().begin();
        job.delivery
    }

    /// The runtime asks for work. The first time says that its start is over.
    pub(crate) fn next(&self) -> Next {
        let mut state = self.state.lock();
        match (state.phase, &state.running, &state.parked) {
            (Phase::Ended, ..) => return Next::Ended,
            (_, Some(_), _) => return Next::Refused,
            // one whose connection has gone waits no longer
            (_, None, Some(waiting)) if !waiting.is_closed() => return Next::Refused,
            (Phase::Starting | Phase::Ready, None, _) => {}
        }
        let first = state.phase == Phase::Starting;
        if first {
            state.phase = Phase::Ready;
            state.deadline.clear();
            state.init = Some(state.created.elapsed());
            self.capture.lock().drain();
        }
        if let Some(job) = state.assigned.take() {
            return Next::Deliver(self.begin(&mut state, job));
        }
        let (sender, receiver) = oneshot::channel();
        state.parked = Some(sender);
        if first {
            Next::WaitFirst(receiver)
        } else {
            Next::Wait(receiver)
        }
    }

    /// Returns true if this is the invocation that is running.
    pub(crate) fn is_running(&self, id: Uuid) -> bool {
        self.state
            .lock()
            .running
            .as_ref()
            .is_some_and(|ticket| ticket.request_id == id)
    }

    /// Takes out the invocation if it is running, and the duration of the start with the first one.
    pub(crate) fn complete(&self, id: Uuid) -> Option<(Ticket, Option<Duration>)> {
        let mut state = self.state.lock();
        let mut ticket = state.running.take_if(|ticket| ticket.request_id == id)?;
        // while nothing ran it took no time, in reports and for the pool
        ticket.started += state.deadline.away(Instant::now());
        state.deadline.clear();
        Some((ticket, state.init.take()))
    }

    /// The runtime says that its start has failed. `false` if it has started.
    pub(crate) fn init_failed(&self, error: Bytes) -> bool {
        let mut state = self.state.lock();
        if state.phase != Phase::Starting {
            return false;
        }
        state.init_error = Some(error);
        // It should exit by itself now; the supervisor sees to it that it does.
        state.deadline = Deadline::after(Instant::now(), Duration::from_millis(500));
        drop(state);
        self.alarm.notify_one();
        true
    }

    /// Returns the time at which the supervisor has to look again, if ever.
    pub(crate) fn arm(&self) -> Option<Instant> {
        let mut state = self.state.lock();
        state.armed = state.deadline.look(Instant::now());
        state.armed
    }

    pub(crate) fn stop_requested(&self) -> bool {
        self.state.lock().stop
    }

    /// Returns `Some(true)` if the start is overdue, and `Some(false)` if an invocation is.
    pub(crate) fn overdue(&self, now: Instant) -> Option<bool> {
        let mut state = self.state.lock();
        state.deadline.has_come(now).then_some(state.phase == Phase::Starting)
    }

    /// Takes everything out of an instance whose process has ended or is about to be killed.
    pub(crate) fn end(&self) -> Remains {
        let mut state = self.state.lock();
        let was_starting = state.phase == Phase::Starting;
        state.phase = Phase::Ended;
        state.parked = None;
        state.deadline.clear();
        Remains {
            was_starting,
            init_error: state.init_error.take(),
            running: state.running.take(),
            undelivered: state.assigned.take(),
            init: state.init.take(),
        }
    }

    /// Writes the log of an invocation that is over and makes its answer. Its permit is the function's to give back.
    pub(crate) fn conclude(&self, ticket: Ticket, init: Option<Duration>, outcome: Outcome) -> (Answer, Permit) {
        let Ticket {
            request_id,
            reply,
            started,
            started_at_ms,
            log_tail,
            permit,
        } = ticket;
        let spec = &self.context.spec;
        let duration = match &outcome {
            Outcome::Failure(PlatformFailure::TimedOut(timeout)) => *timeout,
            Outcome::Success(_) | Outcome::Error(_) | Outcome::Failure(_) => started.elapsed(),
        };
        let (payload, status, platform) = self.judge(request_id, outcome);
        let mut record = self.record(Some(request_id), started_at_ms, status, platform);
        record.duration = duration;
        record.init_duration = init;
        record.billed_ms = billed_ms(duration, init);
        record.take_lines(self.capture.lock().end());
        let output = InvokeOutput {
            request_id,
            payload,
            function_error: (record.status != InvocationStatus::Success).then_some(FunctionError::Unhandled),
            executed_version: Arc::clone(&spec.version),
            log_tail: log_tail.then(|| record.tail()),
            duration,
            init_duration: init,
            billed_ms: record.billed_ms,
        };
        self.context.keep(record);
        (Answer { reply, output }, permit)
    }

    fn judge(&self, id: Uuid, outcome: Outcome) -> (Bytes, InvocationStatus, Vec<String>) {
        match outcome {
            Outcome::Success(payload) => (payload, InvocationStatus::Success, Vec::new()),
            Outcome::Error(payload) => (payload, InvocationStatus::FunctionError, Vec::new()),
            Outcome::Failure(failure) => {
                let at = crate::logs::timestamp(self.context.now_ms());
                let status = match failure {
                    PlatformFailure::TimedOut(_) | PlatformFailure::InitTimedOut(_) => InvocationStatus::Timeout,
                    PlatformFailure::Exited(_)
                    | PlatformFailure::InvalidEntrypoint(_)
                    | PlatformFailure::ResponseTooLarge => InvocationStatus::Failure(failure.error_type()),
                };
                (failure.payload(id), status, failure.log_lines(id, &at))
            }
        }
    }

    fn record(
        &self,
        request_id: Option<Uuid>,
        started_at_ms: u64,
        status: InvocationStatus,
        platform: Vec<String>,
    ) -> LogRecord {
        let spec = &self.context.spec;
        LogRecord {
            sequence: 0,
            request_id,
            log_stream: Arc::clone(&self.log_stream),
            version: Arc::clone(&spec.version),
            started_at_ms,
            duration: Duration::ZERO,
            init_duration: None,
            billed_ms: 0,
            memory_size_mb: spec.memory_mb,
            max_memory_mb: self.peak_memory(),
            status,
            before: Vec::new(),
            lines: Vec::new(),
            platform,
            dropped: 0,
        }
    }

    /// Keeps what an instance wrote that ended without an invocation to attribute it to.
    pub(crate) fn log_orphan(&self, status: InvocationStatus, platform: Vec<String>) {
        let captured = self.capture.lock().end();
        if captured.before.is_empty() && captured.during.is_empty() && platform.is_empty() {
            return;
        }
        let mut record = self.record(None, self.context.now_ms(), status, platform);
        record.take_lines(captured);
        self.context.keep(record);
    }

    fn peak_memory(&self) -> Option<u32> {
        let pid = *self.pid.get()?;
        let mut known = self.memory.lock();
        match *known {
            Some((at, memory)) if at.elapsed() < MEMORY_MAX_AGE => memory,
            before => {
                // A process that has just ended has no memory to read: its last figure stands.
                let memory = peak_memory_mb(pid).or(before.and_then(|(_, memory)| memory));
                *known = Some((Instant::now(), memory));
                memory
            }
        }
    }
}

/// An answer on its way to the caller.
#[derive(Debug)]
#[must_use]
pub(crate) struct Answer {
    reply: oneshot::Sender<Result<InvokeOutput, InvokeError>>,
    output: InvokeOutput,
}

impl Answer {
    pub(crate) fn duration(&self) -> Duration {
        self.output.duration
    }

    /// A caller that has gone is none of the function's business.
    pub(crate) fn send(self) {
        let _ = self.reply.send(Ok(self.output));
    }
}
