//! The engine's thread: the one writer of the journal.
//!
//! Each round takes what has queued up, applies it, commits it with one fsync, and only then acts: effects, answers,
//! waiters. While a commit is under way new requests queue up; they are the next group.

mod backlog;
mod batch;
mod commit;
mod decision;
mod elsewhere;
mod handle;
mod jobs;
mod loaded;
mod pulse;
mod request;
mod retention;
mod set_aside;
mod start;
mod take;
mod tell;
mod versions;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;
use sluice_engine::{HistoryEvent, Timestamp};

use crate::driver::{DriverConfig, read_log};
use crate::journal::{children, deletion, store};
use crate::marks::Mark;
use crate::shared::Shared;
use crate::{DriverError, ExecutionRecord, StartError, TaskRunner, Watchdog, fold};

use backlog::Backlog;
use batch::{Batch, RunnerAnswer};
use elsewhere::Elsewhere;
use jobs::ChildStart;
use loaded::{Prepared, Residents};
use pulse::{PULSE, Pulse};
pub(crate) use request::{ChildAnswer, Request, Responder, TokenAnswer};
use retention::Retention;
pub(crate) use versions::VersionRequest;

/// The most requests, and the most due deadlines, that share a commit. Bounds how long one commit keeps its callers
/// waiting.
const GROUP: usize = 512;

/// Kind and key in the store of what is written to find out whether the disk works again.
const PROBE: (&str, &str) = ("sluice.disk", "tried");

/// The time after which a round takes nothing more in, unless the disk is slower: whoever comes while somebody else's
/// thousands wait, waits for one round and not for all of them.
const ROUND: Duration = Duration::from_millis(5);

/// The most deadlines that a round fires while requests wait.
const DEADLINES: usize = 64;

/// The longest sleep while only parked executions have deadlines: a machine that was suspended sees its deadlines this late at most,
/// since a sleeping thread does not notice that the wall's clock has jumped.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The writer's state.
pub(crate) struct Writer {
    connection: Connection,
    config: DriverConfig,
    runner: Arc<dyn TaskRunner>,
    shared: Arc<Shared>,
    requests: mpsc::Receiver<Request>,
    backlog: Backlog,
    residents: Residents,
    /// When the first parked execution is to be woken, or earlier.
    parked_wake: Option<Timestamp>,
    /// By number.
    revisions: HashMap<i64, Arc<Prepared>>,
    /// What a new execution of a machine runs, by its ARN.
    current: HashMap<String, Arc<Prepared>>,
    /// Executions whose end is the result of a task of another.
    jobs: HashSet<u64>,
    waiters: HashMap<u64, Vec<Responder<Option<ExecutionRecord>>>>,
    /// The number of waiters at which those that have gone away are looked for.
    sweep_at: usize,
    next_key: u64,
    /// Executions about which others decide.
    elsewhere: HashMap<u64, Elsewhere>,
    next_ticket: u64,
    /// Those among them that are to be started, by machine and name.
    starting: HashMap<(String, String), u64>,
    /// Those among them that are started for another's task.
    children_to_start: HashMap<u64, ChildStart>,
    /// Those whose logs cannot be gone on with, and why.
    set_aside: HashMap<u64, String>,
    /// What earlier processes died over, to be set aside.
    guilty: Vec<Mark>,
    watchdog: Watchdog,
    resumed: bool,
    now: Timestamp,
    pulse: Pulse,
    /// The clock moves by itself, not only when someone moves it.
    clock_runs: bool,
    /// The events of the fact at hand: the room for them is used again.
    events: Vec<HistoryEvent>,
    failures: Failures,
    /// What the last commit took.
    commit_took: Duration,
    retention: Retention,
}

/// What failed commits left to do again.
#[derive(Default)]
struct Failures {
    /// How long to wait before the next round.
    pause: Option<Duration>,
    answers: Vec<RunnerAnswer>,
    /// Executions that were thrown out of memory and may have calls in flight.
    unsettled: HashSet<u64>,
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        config: DriverConfig,
        runner: Arc<dyn TaskRunner>,
        shared: Arc<Shared>,
        requests: mpsc::Receiver<Request>,
        guilty: Vec<Mark>,
    ) -> Result<Self, DriverError> {
        use crate::journal::executions;
        fill_map_runs(&shared, &connection)?;
        let clock_runs = config.clock.until(Timestamp::MAX).is_some();
        Ok(Self {
            parked_wake: executions::first_wake(&connection, |_| false)?,
            next_key: deletion::next_key(&connection)?,
            retention: Retention::new(&connection, config.keep)?,
            now: config.clock.now(),
            jobs: jobs::awaited(&connection)?,
            watchdog: shared.watchdog.clone(),
            set_aside: set_aside::all(&connection)?,
            connection,
            config,
            runner,
            shared,
            requests,
            backlog: Backlog::default(),
            commit_took: Duration::ZERO,
            residents: Residents::default(),
            revisions: HashMap::new(),
            current: HashMap::new(),
            waiters: HashMap::new(),
            elsewhere: HashMap::new(),
            next_ticket: 0,
            starting: HashMap::new(),
            children_to_start: HashMap::new(),
            guilty,
            sweep_at: 64,
            resumed: false,
            pulse: Pulse::default(),
            clock_runs,
            events: Vec::new(),
            failures: Failures::default(),
        })
    }

    /// Works until the driver is closed, nobody holds it any more, or the journal is lost.
    pub(crate) fn run(mut self) {
        while self.fill_backlog() {
            self.now = self.config.clock.now();
            if self.is_idle() {
                self.looked();
                continue;
            }
            let mut batch = Batch::default();
            self.gather(&mut batch);
            let close = batch.close;
            if !self.settle(batch) {
                break;
            }
            if close {
                self.checkpoint();
                break;
            }
        }
    }

    /// Leaves one file behind. The log does as well: whoever opens the journal next reads it.
    fn checkpoint(&self) {
        let truncated = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = truncated {
            tracing::debug!(%error, "the journal's log stays beside it");
        }
    }

    /// Waits for something to do. False: stop at once.
    fn fill_backlog(&mut self) -> bool {
        if let Some(pause) = self.failures.pause.take() {
            self.pause(pause);
        }
        if !self.has_work()
            && let Some(first) = self.wait()
        {
            self.queue(first);
        }
        // all of them, since the one whose turn is next may be the last that came
        while !self.backlog.is_closing()
            && let Ok(request) = self.requests.try_recv()
        {
            self.queue(request);
        }
        !self.backlog.is_halted()
    }

    fn has_work(&self) -> bool {
        !self.backlog.is_empty()
            || !self.failures.answers.is_empty()
            || !self.failures.unsettled.is_empty()
            || !self.guilty.is_empty()
            // whether the disk works again is found out by writing
            || self.shared.disk.is_troubled()
    }

    /// Waits after a failure, while requests queue up; less long if the driver is closed.
    fn pause(&mut self, pause: Duration) {
        let end = Instant::now() + pause;
        while let Ok(request) = self
            .requests
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            let over = matches!(request, Request::Close | Request::Halt);
            self.queue(request);
            if over {
                break;
            }
        }
    }

    /// The next request, or none when a deadline comes first, or when there is time to delete something.
    fn wait(&self) -> Option<Request> {
        if self.retention.is_due(self.config.clock.now()) && !self.is_overdue() {
            return self.requests.recv_timeout(retention::PAUSE).ok();
        }
        // A dead channel cannot be: this thread's own handle on it lives as long as `self`.
        let forever = || Some(self.requests.recv().unwrap_or(Request::Halt));
        let in_flight = self.residents.first_deadline();
        let Some(deadline) = in_flight
            .into_iter()
            .chain(self.parked_wake)
            .chain(self.retention.next)
            .min()
        else {
            return forever();
        };
        let longest = if in_flight.is_some() { PULSE } else { LONGEST_SLEEP };
        match self.config.clock.until(deadline) {
            None => forever(),
            Some(Duration::ZERO) => self.requests.try_recv().ok(),
            Some(wait) => self.requests.recv_timeout(wait.min(longest)).ok(),
        }
    }

    /// Whether the deadline of an execution has come.
    fn is_overdue(&self) -> bool {
        let deadlines = self.residents.first_deadline().into_iter().chain(self.parked_wake);
        let first = deadlines.min();
        first.is_some_and(|at| self.config.clock.until(at) == Some(Duration::ZERO))
    }

    /// Applies all that is there to do, in one transaction that is left open.
    fn gather(&mut self, batch: &mut Batch) {
        let begun = self
            .connection
            .prepare_cached("BEGIN IMMEDIATE")
            .and_then(|mut begin| begin.execute([]));
        if let Err(error) = begun {
            // The requests wait in the backlog for a while.
            batch.failed = Some(error.into());
            batch.close = self.closing();
            return;
        }
        if self.shared.disk.is_troubled()
            && let Err(error) = store::put(&self.connection, PROBE.0, PROBE.1, &json!(self.now))
        {
            return batch.note(Some(&error));
        }
        let began = Instant::now();
        let time = ROUND.max(self.commit_took);
        let quiet = !self.has_work();
        self.condemn(batch);
        self.redo(batch);
        self.make_up_for_a_pause(batch);
        let limit = if self.backlog.is_empty() { GROUP } else { DEADLINES };
        self.fire_deadlines(limit, batch);
        self.settle_jobs(batch);
        for _ in 0..GROUP {
            if batch.failed.is_some() || batch.close {
                break;
            }
            let Some(request) = self.backlog.pop() else { break };
            self.taken_from_queue();
            if let Some(request) = self.hold(request, batch) {
                self.handle(request, batch);
            }
            self.settle_jobs(batch);
            if began.elapsed() >= time {
                break;
            }
        }
        self.delete_some(quiet, batch);
    }

    /// Whether the driver is to be closed: then it is, even if nothing can be written.
    fn closing(&self) -> bool {
        self.backlog.is_closing()
    }

    /// Lets a request wait for its turn. A start that would wait too long is refused.
    fn queue(&mut self, request: Request) {
        if let Some(Request::Start { reply, .. }) = self.backlog.push(request, &self.residents) {
            self.taken_from_queue();
            // whoever has gone away needs no answer
            let _ = reply.send(Err(StartError::Busy));
        }
    }

    fn taken_from_queue(&self) {
        self.shared.counters.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Does again what a failed commit undid and nobody else would.
    fn redo(&mut self, batch: &mut Batch) {
        for key in std::mem::take(&mut self.failures.unsettled) {
            if let Err(error) = self.load(key, batch) {
                self.report(key, &error, batch);
            }
        }
        for answer in std::mem::take(&mut self.failures.answers) {
            match self.is_premature(&answer) {
                Ok(false) => self.runner_answered(answer, batch),
                Ok(true) => {}
                Err(error) => {
                    self.failures.answers.push(answer);
                    batch.note(Some(&error));
                }
            }
        }
    }

    fn report(&self, key: u64, error: &DriverError, batch: &mut Batch) {
        batch.note(Some(error));
        if !matches!(error, DriverError::Journal { .. }) {
            let file = self.shared.disk.path().display();
            tracing::error!(execution = key, %file, %error, "an execution could not be carried on");
        }
    }
}

/// Writes the rows of Map Runs that an older release left out.
fn fill_map_runs(shared: &Shared, connection: &Connection) -> Result<(), DriverError> {
    for key in children::unreported(connection)? {
        let filled = fill_map_runs_of(shared, connection, key);
        match filled {
            Ok(()) => {}
            Err(error @ DriverError::Journal { .. }) => return Err(error),
            Err(error) => tracing::warn!(execution = key, %error, "the Map Runs of an execution could not be read"),
        }
    }
    Ok(())
}

fn fill_map_runs_of(shared: &Shared, connection: &Connection, key: u64) -> Result<(), DriverError> {
    let Some(log) = read_log(shared, connection, key)? else {
        return Ok(());
    };
    let transaction = connection.unchecked_transaction()?;
    let turns = fold::turns(log.machine, log.identity, &log.entries, &shared.alone())?;
    for (seq, turn) in (0..).zip(turns) {
        children::write(connection, key, seq, &turn.map_runs, &turn.children)?;
        for report in &turn.map_runs {
            children::write_report(connection, report)?;
        }
    }
    Ok(transaction.commit()?)
}
