//! The writer's state.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::Connection;
use sluice_engine::{HistoryEvent, Timestamp};
use sluice_storage::GroupWriter;

use super::backlog::Backlog;
use super::batch::{Batch, RunnerResult};
use super::child_start::ChildStart;
use super::execution_cache::{ExecutionCache, Prepared};
use super::pulse::Pulse;
use super::retention::Retention;
use super::{job_rows, map_run_rows};
use crate::crash_markers::CrashMarker;
use crate::decided::Decision;
use crate::journal::{deletion, executions};
use crate::log::set_aside_reasons;
use crate::request::{Request, Responder};
use crate::shared::Shared;
use crate::{DriverConfig, DriverError, ExecutionRecord, TaskRunner, Watchdog};

/// The most requests, and the most due deadlines, that share a commit. Bounds how long one commit keeps its callers
/// waiting.
pub(super) const GROUP: usize = 512;

/// The writer's state.
pub(crate) struct Writer {
    pub(super) database: GroupWriter,
    pub(super) config: DriverConfig,
    pub(super) runner: Arc<dyn TaskRunner>,
    pub(super) shared: Arc<Shared>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) backlog: Backlog,
    pub(super) cache: ExecutionCache,
    /// A time not later than that at which the first parked execution is to be woken.
    pub(super) parked_wake: Option<Timestamp>,
    /// By number.
    pub(super) revisions: HashMap<i64, Arc<Prepared>>,
    /// Revisions that new executions of machines run, by the machines' ARNs.
    pub(super) current: HashMap<String, Arc<Prepared>>,
    /// Executions whose end is the result of a task of another.
    pub(super) jobs: HashSet<u64>,
    pub(super) waiters: HashMap<u64, Vec<Responder<Option<ExecutionRecord>>>>,
    /// Those who wait until nothing is under way.
    pub(super) rest_waiters: Vec<Responder<()>>,
    /// The number of waiters at which those that have gone away are looked for.
    pub(super) sweep_at: usize,
    pub(super) next_key: u64,
    /// Executions about which others decide.
    pub(super) offloaded: HashMap<u64, Offloaded>,
    pub(super) next_ticket: u64,
    /// Those among them that are to be started, by machine and name.
    pub(super) starting: HashMap<(String, String), u64>,
    /// Those among them that are started for another's task.
    pub(super) children_to_start: HashMap<u64, ChildStart>,
    /// Those whose logs cannot be gone on with, and why.
    pub(super) set_aside: HashMap<u64, String>,
    /// The executions that earlier processes died over, to be set aside.
    pub(super) culprits: Vec<CrashMarker>,
    pub(super) watchdog: Watchdog,
    pub(super) resumed: bool,
    pub(super) now: Timestamp,
    pub(super) pulse: Pulse,
    /// The clock moves by itself, not only when someone moves it.
    pub(super) clock_runs: bool,
    /// The events of the fact at hand: the room for them is used again.
    pub(super) events: Vec<HistoryEvent>,
    pub(super) failures: Failures,
    pub(super) retention: Retention,
}

/// The work that failed commits left to do again.
#[derive(Default)]
pub(super) struct Failures {
    /// The pause before the next round.
    pub(super) pause: Option<Duration>,
    pub(super) results: Vec<RunnerResult>,
    /// Executions that were thrown out of memory and may have calls in flight.
    pub(super) to_reload: HashSet<u64>,
}

/// The end of a decision, for those who wait for it.
#[derive(Debug, Clone)]
pub(super) enum DecisionEnd {
    /// It is part of the round.
    Applied,
    /// The execution was stopped first.
    Superseded,
    /// It did not happen; as if the round in which it was asked for had failed.
    Failed(DriverError),
}

/// The work that waits for a decision.
pub(super) type Sequel = Box<dyn FnOnce(&mut Writer, DecisionEnd, &mut Batch) + Send>;

/// The requests and results that wait until an execution is back.
pub(super) enum Held {
    Request(Request),
    Answer(RunnerResult),
    /// The start of an execution for a task, which has been decided.
    Start(u64),
}

/// An execution about which somebody else decides.
pub(super) struct Offloaded {
    pub(super) ticket: u64,
    pub(super) wanted: Arc<AtomicBool>,
    /// StopExecution may overtake it.
    pub(super) can_be_stopped: bool,
    pub(super) sequel: Option<Sequel>,
    /// The decision, if it waits for that about another.
    pub(super) parked: Option<Decision>,
    /// Its calls in flight have their time again, once it is back.
    pub(super) restart_timeouts: bool,
    pub(super) held: VecDeque<Held>,
}

impl fmt::Debug for Offloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offloaded")
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        config: DriverConfig,
        runner: Arc<dyn TaskRunner>,
        shared: Arc<Shared>,
        requests: mpsc::Receiver<Request>,
        culprits: Vec<CrashMarker>,
    ) -> Result<Self, DriverError> {
        map_run_rows::fill(&shared, &connection)?;
        let clock_runs = config.clock.until(Timestamp::MAX).is_some();
        Ok(Self {
            parked_wake: executions::first_wake(&connection, |_| false)?,
            next_key: deletion::next_key(&connection)?,
            retention: Retention::new(&connection, config.retention)?,
            now: config.clock.now(),
            jobs: job_rows::awaited(&connection)?,
            watchdog: shared.watchdog.clone(),
            set_aside: set_aside_reasons(&connection)?,
            database: GroupWriter::new(connection, shared.health.clone()),
            config,
            runner,
            shared,
            requests,
            backlog: Backlog::default(),
            cache: ExecutionCache::default(),
            revisions: HashMap::new(),
            current: HashMap::new(),
            waiters: HashMap::new(),
            rest_waiters: Vec::new(),
            offloaded: HashMap::new(),
            next_ticket: 0,
            starting: HashMap::new(),
            children_to_start: HashMap::new(),
            culprits,
            sweep_at: 64,
            resumed: false,
            pulse: Pulse::default(),
            clock_runs,
            events: Vec::new(),
            failures: Failures::default(),
        })
    }
}
