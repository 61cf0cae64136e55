//! The state that the handles and the engine's thread share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use parking_lot::Mutex;
use rusqlite::Connection;
use sluice_asl::StateMachine;
use sluice_engine::Trace;
use sluice_storage::{ReaderPool, WriteHealth};

use crate::child_block::Block;
use crate::crash_markers::CrashMarkers;
use crate::definition;
use crate::evaluate::{EvaluationPool, ReplayEvaluator, WorkerCommand};
use crate::journal::machines;
use crate::lru_cache::LruCache;
use crate::recent::RecentExecutions;
use crate::request::Request;
use crate::{DriverError, Statistics, Watchdog};

/// Histories by their execution's key and their number of facts.
pub(crate) type Histories = LruCache<(u64, u32), Trace>;

/// Child executions that were read together, by their execution's key and their numbers' place.
pub(crate) type ChildHistories = LruCache<(u64, u32), Arc<Block>>;

/// The time, in milliseconds, for evaluating what an old log does not hold: while all others wait, and while a reader waits.
const FOLD_MS: u32 = 1_000;
const READ_MS: u32 = 10_000;

/// The state that the handles and the engine's thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    queue: mpsc::Sender<Request>,
    pub(crate) counters: Counters,
    pub(crate) readers: Arc<ReaderPool>,
    pub(crate) watchdog: Watchdog,
    pub(crate) pool: EvaluationPool,
    pub(crate) marks: Arc<CrashMarkers>,
    worker: Option<WorkerCommand>,
    pub(crate) histories: Mutex<Histories>,
    pub(crate) recent: RecentExecutions,
    pub(crate) child_histories: Mutex<ChildHistories>,
    definitions: Mutex<LruCache<i64, Arc<StateMachine>>>,
    closing: AtomicBool,
    pub(crate) health: WriteHealth,
}

/// The figures behind [`Statistics`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) facts: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) failed_commits: AtomicU64,
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    pub(crate) deleted: AtomicU64,
    pub(crate) stale_answers: AtomicU64,
    pub(crate) loaded: AtomicU64,
    pub(crate) queued: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Statistics {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            facts: get(&self.facts),
            commits: get(&self.commits),
            failed_commits: get(&self.failed_commits),
            started: get(&self.started),
            ended: get(&self.ended),
            deleted: get(&self.deleted),
            stale_answers: get(&self.stale_answers),
            loaded: get(&self.loaded),
            queued: get(&self.queued),
        }
    }
}

impl Shared {
    pub(crate) fn new(
        queue: mpsc::Sender<Request>,
        readers: Arc<ReaderPool>,
        watchdog: Watchdog,
        pool: EvaluationPool,
        marks: Arc<CrashMarkers>,
        worker: Option<WorkerCommand>,
        health: WriteHealth,
    ) -> Self {
        Self {
            queue,
            counters: Counters::default(),
            readers,
            watchdog,
            pool,
            marks,
            worker,
            histories: Mutex::new(LruCache::new(16, 8 * 1024 * 1024)),
            recent: RecentExecutions::default(),
            child_histories: Mutex::new(LruCache::new(64, 16 * 1024 * 1024)),
            definitions: Mutex::new(LruCache::new(32, 16 * 1024 * 1024)),
            closing: AtomicBool::new(false),
            health,
        }
    }

    /// Hands a request to the engine's thread. When that is gone, the request is dropped, and with it its reply.
    pub(crate) fn send(&self, request: Request) {
        self.counters.queued.fetch_add(1, Ordering::Relaxed);
        if self.queue.send(request).is_err() {
            self.counters.queued.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A request that had been taken from the queue is in it again.
    pub(crate) fn put_back(&self) {
        self.counters.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// Evaluates what a log does not hold, while all others wait.
    pub(crate) fn fold_evaluator(&self) -> ReplayEvaluator {
        ReplayEvaluator::new(self.worker.clone(), FOLD_MS)
    }

    /// Evaluates what a log does not hold, for a reader.
    pub(crate) fn read_evaluator(&self) -> ReplayEvaluator {
        ReplayEvaluator::new(self.worker.clone(), READ_MS)
    }

    /// From now on answers of the runner are dropped: a call that ends while everything is torn down is sent again
    /// after the restart.
    pub(crate) fn set_closing(&self) {
        self.closing.store(true, Ordering::Release);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Returns the reason why a request got no answer.
    pub(crate) fn unanswered(&self) -> DriverError {
        match self.health.lost_reason() {
            Some(reason) => DriverError::Stopped {
                reason: reason.to_string(),
            },
            None => DriverError::Closed,
        }
    }

    /// Forgets the parsed definitions: after a rollback their numbers may be given to others.
    pub(crate) fn forget_definitions(&self) {
        self.definitions.lock().clear();
    }

    /// The parsed definition with this number.
    pub(crate) fn definition(&self, connection: &Connection, id: i64) -> Result<Arc<StateMachine>, DriverError> {
        let known = self.definitions.lock().get(&id);
        if let Some(machine) = known {
            return Ok(machine);
        }
        let name = || format!("definition number {id}");
        let text = machines::definition(connection, id)?.ok_or_else(|| DriverError::Definition {
            arn: name(),
            diagnostics: "the journal does not hold it".into(),
        })?;
        let machine = definition::parse(&text).map_err(|diagnostics| DriverError::Definition {
            arn: name(),
            diagnostics,
        })?;
        let weight = text.len();
        self.definitions.lock().put(id, machine.clone(), weight);
        Ok(machine)
    }
}
