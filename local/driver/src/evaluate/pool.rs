//! The threads that run jobs, and the limits that they put to them.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread::{JoinHandle, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use sluice_asl::eval::{CostlyEvaluation, EvalError, StopSignal};
use sluice_asl::{nests_deeper, serialized_len};
use sluice_engine::Evaluator;

use super::frame::{self, WorkerRequest, WorkerResult};
use super::process::{Process, TICK_MS, WorkerReply};
use super::{EvaluationJob, TOO_DEEP, TOO_MUCH_MEMORY, TOO_MUCH_TIME, WorkerCommand};
use crate::Watchdog;
use crate::fair_queue::FairQueue;

/// The threads of the fast queue. The slow one has one.
const FAST_THREADS: usize = 2;

/// The time that a job's evaluations may take in the fast queue, all together, in looks.
const FAST_TICKS: u32 = 100 / TICK_MS;

/// The time that a whole job may take in the fast queue.
const FAST_JOB: Duration = Duration::from_millis(500);

/// The same in the slow queue; then it is given up. Longer than its evaluations may take, unless they are part of it.
const SLOW_JOB: Duration = Duration::from_secs(25);
const ALONE_JOB: Duration = Duration::from_secs(10);

/// The bytes of all results of a job: they lie in memory and, as one fact, in the journal.
const MOST_BYTES: usize = 32 << 20;

/// The deepest result: what a state may pass on.
const MOST_LEVELS: usize = 300;

/// The most expressions that are remembered as too slow for the fast queue.
const OFFENDERS: usize = 256;

/// The time for which a worker without work is kept.
const IDLE: Duration = Duration::from_secs(10);

/// The pause before a worker that could not be started is tried again.
const SHORTAGE: Duration = Duration::from_millis(100);

/// The stack of a thread that runs jobs, as the engine's own has it.
const STACK: usize = 16 << 20;

/// The threads and their queues. A handle that can be cloned; [`EvaluationPool::close`] ends the threads.
#[derive(Clone)]
pub struct EvaluationPool {
    shared: Arc<Shared>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl fmt::Debug for EvaluationPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluationPool").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Queue {
    Fast,
    Slow,
}

struct Shared {
    command: Option<WorkerCommand>,
    watchdog: Watchdog,
    state: Mutex<PoolState>,
    fast_work: Condvar,
    slow_work: Condvar,
    closed: AtomicBool,
    /// The signals that stop the jobs that run.
    running: Mutex<HashMap<ThreadId, StopSignal>>,
    slow: SlowExpressions,
}

#[derive(Default)]
struct PoolState {
    fast: FairQueue<Arc<str>, Box<dyn EvaluationJob>>,
    slow: FairQueue<Arc<str>, Box<dyn EvaluationJob>>,
}

/// Expressions, by their hashes, that were too slow for the fast queue the last time: they are not tried there.
struct SlowExpressions {
    hasher: RandomState,
    known: Mutex<(HashSet<u64>, VecDeque<u64>)>,
}

impl EvaluationPool {
    /// Starts the threads. Without a command there are no workers: evaluations are made on the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(command: Option<WorkerCommand>, watchdog: Watchdog) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            command,
            watchdog,
            state: Mutex::default(),
            fast_work: Condvar::new(),
            slow_work: Condvar::new(),
            closed: AtomicBool::new(false),
            running: Mutex::default(),
            slow: SlowExpressions {
                hasher: RandomState::new(),
                known: Mutex::default(),
            },
        });
        let pool = Self {
            shared,
            threads: Arc::default(),
        };
        for queue in [Queue::Fast; FAST_THREADS].into_iter().chain([Queue::Slow]) {
            let shared = pool.shared.clone();
            let thread = std::thread::Builder::new()
                .name("sluice-decide".into())
                .stack_size(STACK)
                .spawn(move || shared.work(queue));
            match thread {
                Ok(thread) => pool.threads.lock().push(thread),
                Err(error) => {
                    pool.close();
                    return Err(error);
                }
            }
        }
        Ok(pool)
    }

    /// Takes a job. It is finished on one of the threads, or dropped when the pool is closed first.
    pub fn submit(&self, job: Box<dyn EvaluationJob>) {
        self.shared.push(Queue::Fast, job);
    }

    /// Drops what waits, gives up what runs, and waits until all threads and workers have ended.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        // outside of the lock: what is dropped may ask for it
        let waiting = std::mem::take(&mut *self.shared.state.lock());
        drop(waiting);
        self.shared.running.lock().values().for_each(StopSignal::stop);
        self.shared.fast_work.notify_all();
        self.shared.slow_work.notify_all();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            // the last handle can be dropped by a job
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread that decides panicked");
            }
        }
    }
}

impl Shared {
    fn push(&self, queue: Queue, job: Box<dyn EvaluationJob>) {
        let owner = job.owner().clone();
        let mut state = self.state.lock();
        if self.closed.load(Ordering::Acquire) {
            return;
        }
        match queue {
            Queue::Fast => {
                state.fast.push(owner, job);
                self.fast_work.notify_one();
            }
            Queue::Slow => {
                state.slow.push(owner, job);
                self.slow_work.notify_one();
            }
        }
    }

    /// The next job; `None`: there is none for a while, or never again.
    fn next(&self, queue: Queue, patience: Option<Duration>) -> Option<Box<dyn EvaluationJob>> {
        let mut state = self.state.lock();
        loop {
            if self.closed.load(Ordering::Acquire) {
                return None;
            }
            let (waiting, work) = match queue {
                Queue::Fast => (&mut state.fast, &self.fast_work),
                Queue::Slow => (&mut state.slow, &self.slow_work),
            };
            if let Some(job) = waiting.pop() {
                return Some(job);
            }
            match patience {
                None => work.wait(&mut state),
                Some(patience) => {
                    if work.wait_for(&mut state, patience).timed_out() {
                        return None;
                    }
                }
            }
        }
    }

    fn work(self: Arc<Self>, queue: Queue) {
        let process = Arc::new(Mutex::new(None));
        while !self.closed.load(Ordering::Acquire) {
            let patience = process.lock().is_some().then_some(IDLE);
            match self.next(queue, patience) {
                Some(job) if job.is_wanted() => self.run(queue, job, &process),
                Some(_) => {}
                None => {
                    process.lock().take();
                }
            }
        }
    }

    /// The time that a job's evaluations may take in the slow queue, all together, in looks; then each further one fails.
    fn slow_ticks(&self) -> u32 {
        let time = self.command.as_ref().map_or(0, |command| command.time.as_millis());
        u32::try_from(time).unwrap_or(u32::MAX) / TICK_MS
    }

    fn run(self: &Arc<Self>, queue: Queue, mut job: Box<dyn EvaluationJob>, process: &Arc<Mutex<Option<Process>>>) {
        let (ticks, limit) = match queue {
            Queue::Fast => (FAST_TICKS, FAST_JOB),
            Queue::Slow if self.command.is_none() => (0, ALONE_JOB),
            Queue::Slow => (self.slow_ticks(), SLOW_JOB),
        };
        let watch = self.watchdog.watch(limit, StopSignal::new());
        let evaluator = Arc::new(WorkerEvaluator {
            pool: self.clone(),
            queue,
            process: process.clone(),
            ticks: AtomicU32::new(ticks),
            bytes: AtomicUsize::new(MOST_BYTES),
            too_slow: AtomicBool::new(false),
            short: AtomicBool::new(false),
            stop: watch.stop().clone(),
        });
        let stop = watch.stop().clone();
        let this = std::thread::current().id();
        self.running.lock().insert(this, stop.clone());
        // closed in between: then nobody has told it
        if self.closed.load(Ordering::Acquire) {
            stop.stop();
        }
        job.run(evaluator.clone(), &stop);
        self.running.lock().remove(&this);
        let breakdown = watch.end().breakdown;
        if !job.is_wanted() || self.closed.load(Ordering::Acquire) {
            return;
        }
        let machine_is_to_blame = breakdown.is_some() && evaluator.short.load(Ordering::Relaxed);
        if queue == Queue::Fast && stop.is_stopped() || machine_is_to_blame {
            self.push(Queue::Slow, job);
        } else {
            job.finish(breakdown);
        }
    }
}

/// Has the evaluations of one job made by the worker of the thread.
struct WorkerEvaluator {
    pool: Arc<Shared>,
    queue: Queue,
    process: Arc<Mutex<Option<Process>>>,
    /// The looks that are left.
    ticks: AtomicU32,
    /// The bytes of results that are left.
    bytes: AtomicUsize,
    /// The job goes to the slow queue.
    too_slow: AtomicBool,
    /// The machine had no process to give for a while.
    short: AtomicBool,
    stop: StopSignal,
}

impl Evaluator for WorkerEvaluator {
    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        let Some(command) = &self.pool.command else {
            return evaluation.evaluate_here();
        };
        let slow = &self.pool.slow;
        let offender = slow.hasher.hash_one(evaluation.source());
        if self.queue == Queue::Fast && (self.too_slow.load(Ordering::Relaxed) || slow.contains(offender)) {
            return Err(self.give_up(evaluation));
        }
        if self.ticks.load(Ordering::Relaxed) == 0 {
            return match self.queue {
                Queue::Fast => Err(self.give_up(evaluation)),
                Queue::Slow => Err(evaluation.interrupted(TOO_MUCH_TIME)),
            };
        }
        let before = self.ticks.load(Ordering::Relaxed);
        match self.ask(command, &frame::encode(&WorkerRequest::from(evaluation.request()))) {
            Ok(Evaluated::Value(value)) => {
                if self.queue == Queue::Slow && before - self.ticks.load(Ordering::Relaxed) < FAST_TICKS / 2 {
                    slow.remove(offender);
                }
                self.within_limits(value, evaluation)
            }
            Ok(Evaluated::Error(cause)) => Err(EvalError::query(Some(evaluation.field()), cause)),
            Ok(Evaluated::Late) => {
                slow.insert(offender);
                match self.queue {
                    Queue::Fast => Err(self.give_up(evaluation)),
                    Queue::Slow => Err(evaluation.interrupted(TOO_MUCH_TIME)),
                }
            }
            Ok(Evaluated::Died) => Err(evaluation.interrupted(TOO_MUCH_MEMORY)),
            Ok(Evaluated::Unwanted) => Err(self.give_up(evaluation)),
            Err(error) => {
                tracing::error!(%error, "an evaluation cannot be put into words");
                Err(evaluation.interrupted(TOO_DEEP))
            }
        }
    }
}

enum Evaluated {
    Value(Value),
    Error(String),
    Late,
    Died,
    Unwanted,
}

impl WorkerEvaluator {
    /// Whatever is evaluated now is of no use any more.
    fn give_up(&self, evaluation: &CostlyEvaluation<'_>) -> EvalError {
        self.too_slow.store(true, Ordering::Relaxed);
        self.stop.stop();
        evaluation.interrupted(TOO_MUCH_TIME)
    }

    fn within_limits(&self, value: Value, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        if nests_deeper(&value, MOST_LEVELS) {
            return Err(evaluation.interrupted(TOO_DEEP));
        }
        let left = self.bytes.load(Ordering::Relaxed).checked_sub(serialized_len(&value));
        match left {
            Some(left) => {
                self.bytes.store(left, Ordering::Relaxed);
                Ok(value)
            }
            None => Err(evaluation.interrupted(TOO_MUCH_MEMORY)),
        }
    }

    /// Asks the worker, if need be a new one: a machine that has none to give for a while is nobody's fault.
    fn ask(&self, command: &WorkerCommand, frame: &std::io::Result<Vec<u8>>) -> Result<Evaluated, std::io::Error> {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Err(std::io::Error::new(error.kind(), error.to_string())),
        };
        let wanted = || !self.stop.is_stopped() && !self.pool.closed.load(Ordering::Acquire);
        let mut place = self.process.lock();
        let mut ticks = self.ticks.load(Ordering::Relaxed);
        loop {
            if !wanted() {
                return Ok(Evaluated::Unwanted);
            }
            let mut process = match place.take().map_or_else(|| Process::start(command), Ok) {
                Ok(process) => process,
                Err(error) => {
                    if !self.short.swap(true, Ordering::Relaxed) {
                        tracing::warn!(%error, "no process to evaluate in can be started: waiting for one");
                    }
                    std::thread::sleep(SHORTAGE);
                    continue;
                }
            };
            let asked = process.ask(frame, &mut ticks, &wanted);
            self.ticks.store(ticks, Ordering::Relaxed);
            return Ok(match asked {
                WorkerReply::Answered(body) => {
                    if !process.is_worn() {
                        *place = Some(process);
                    }
                    match frame::decode::<WorkerResult>(&body)? {
                        Ok(value) => Evaluated::Value(value),
                        Err(cause) => Evaluated::Error(cause),
                    }
                }
                WorkerReply::Late => Evaluated::Late,
                WorkerReply::Unwanted => Evaluated::Unwanted,
                WorkerReply::Died if !process.is_used() => Evaluated::Died,
                // what it had left over may have been to blame
                WorkerReply::Died => continue,
                WorkerReply::Lost => {
                    if !process.is_used() && !self.short.swap(true, Ordering::Relaxed) {
                        tracing::warn!("a process to evaluate in ended at once: another one is tried");
                    }
                    std::thread::sleep(SHORTAGE);
                    continue;
                }
            });
        }
    }
}

impl SlowExpressions {
    fn contains(&self, offender: u64) -> bool {
        self.known.lock().0.contains(&offender)
    }

    fn insert(&self, offender: u64) {
        let mut known = self.known.lock();
        let (set, order) = &mut *known;
        if set.insert(offender) {
            order.push_back(offender);
            if order.len() > OFFENDERS
                && let Some(oldest) = order.pop_front()
            {
                set.remove(&oldest);
            }
        }
    }

    fn remove(&self, offender: u64) {
        let mut known = self.known.lock();
        if known.0.remove(&offender) {
            known.1.retain(|other| *other != offender);
        }
    }
}
