//! The driver itself: opening and closing, health, and time.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::Value;
use sluice_engine::Timestamp;
use sluice_storage::{WriteHealth, WriterThread};

use crate::api::{Activities, Aliases, Executions, Machines, MapRuns, Store, TaskTokens, Versions};
use crate::client::Client;
use crate::clock::ADVANCED;
use crate::crash_markers::{self, CrashMarkers};
use crate::deadline::{self, Deadline};
use crate::evaluate::EvaluationPool;
use crate::journal::{self, store};
use crate::request::Request;
use crate::shared::Shared;
use crate::watchdog::Watchdog;
use crate::writer::Writer;
use crate::{DriverConfig, DriverError, IDENTITY_KIND, OpenError, Resumed, Statistics, TaskRunner};

/// Virtual size of the engine thread's stack: deeply nested values are handled recursively.
const STACK: usize = 16 * 1024 * 1024;

/// The engine with its journal: one handle for each concern, and what concerns all of them. Cheap to clone.
///
/// When the last driver and the last handle are dropped, the engine stops at once, as if the process had been killed:
/// what was acknowledged is on disk. [`Driver::close`] is the tidy end.
///
/// The methods of the handles read and write on threads of their own; they have to be called within a tokio runtime.
#[derive(Clone, Debug)]
pub struct Driver {
    client: Client,
    identity: Arc<str>,
    executions: Executions,
    machines: Machines,
    versions: Versions,
    aliases: Aliases,
    map_runs: MapRuns,
    activities: Activities,
    tokens: TaskTokens,
    store: Store,
}

impl Driver {
    /// Opens the journal, or makes a new one, takes the directory's lock and starts the engine.
    ///
    /// Calls that an earlier process left open are sent again by [`Driver::resume`].
    ///
    /// # Errors
    /// When another process uses the directory, or the journal cannot be opened or was written by a later release.
    pub fn open(config: DriverConfig, runner: Arc<dyn TaskRunner>) -> Result<Self, OpenError> {
        let lock = journal::lock(&config.directory)?;
        let path = journal::path(&config.directory);
        let connection = journal::open(&path)?;
        let unreadable = |error: DriverError| OpenError::Unreadable {
            path: path.clone(),
            reason: error.to_string(),
        };
        let (kind, key) = ADVANCED;
        let advanced = store::get(&connection, kind, key)
            .map_err(unreadable)?
            .and_then(|value| value.as_u64());
        config.clock.restore(Duration::from_millis(advanced.unwrap_or(0)));

        let identity = identity_of(&connection, &config).map_err(unreadable)?;
        let health = WriteHealth::new("the journal", path.clone(), config.retry);
        health.watch_files(journal::watched_files(&config.directory)?);

        let (queue, requests) = mpsc::channel();
        let (marks, culprits) = CrashMarkers::open(&config.directory);
        let watchdog = Watchdog::start_with(crash_markers::exit_on_hang(&marks)).map_err(OpenError::Thread)?;
        let pool = EvaluationPool::start(config.worker.clone(), watchdog.clone()).map_err(OpenError::Thread)?;
        let readers = journal::readers(&path);
        let shared = Arc::new(Shared::new(
            queue,
            readers,
            watchdog,
            pool,
            marks,
            config.worker.clone(),
            health,
        ));
        let writer = Writer::new(connection, config, runner, shared.clone(), requests, culprits).map_err(unreadable)?;
        let thread =
            WriterThread::start("sluice-engine", Some(STACK), move || writer.run()).map_err(OpenError::Thread)?;
        Ok(Self::new(Client::new(shared, thread, lock), identity.into()))
    }

    fn new(client: Client, identity: Arc<str>) -> Self {
        Self {
            identity,
            executions: Executions(client.clone()),
            machines: Machines(client.clone()),
            versions: Versions(client.clone()),
            aliases: Aliases(client.clone()),
            map_runs: MapRuns(client.clone()),
            activities: Activities(client.clone()),
            tokens: TaskTokens(client.clone()),
            store: Store(client.clone()),
            client,
        }
    }

    /// The executions.
    pub fn executions(&self) -> &Executions {
        &self.executions
    }

    /// The state machines.
    pub fn machines(&self) -> &Machines {
        &self.machines
    }

    /// The versions of state machines.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The aliases of state machines.
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// The Map Runs of executions.
    pub fn map_runs(&self) -> &MapRuns {
        &self.map_runs
    }

    /// The tasks that wait for activity workers.
    pub fn activities(&self) -> &Activities {
        &self.activities
    }

    /// The tasks that wait for an answer by their token.
    pub fn tokens(&self) -> &TaskTokens {
        &self.tokens
    }

    /// The values that are kept by kind and key.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The pool in which costly evaluations are made, for those outside of executions.
    pub fn evaluation_pool(&self) -> &EvaluationPool {
        &self.client.shared().pool
    }

    /// The data directory's identity: made with the journal, and carried by all databases beside it.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Sends again every call that had been decided and not answered when the process ended. To be called once, when
    /// the runner can run.
    ///
    /// # Errors
    /// When the journal fails. An execution that cannot be read is no error: it is counted and logged.
    pub async fn resume(&self) -> Result<Resumed, DriverError> {
        let (mut all, mut next) = (Resumed::default(), Some(0));
        // Part by part, so that what lies in the journal needs no memory all at once.
        while let Some(after) = next {
            let (part, more) = self.client.ask(after, Request::Resume).await?;
            all.executions += part.executions;
            all.tasks += part.tasks;
            all.unreadable += part.unreadable;
            next = more;
        }
        Ok(all)
    }

    /// Describes what is wrong with the journal; none: it can be written, as far as is known. While there is trouble,
    /// requests that write are refused, and each second it is tried whether that is over.
    pub fn trouble(&self) -> Option<String> {
        self.client.shared().health.trouble()
    }

    /// Waits until the journal is damaged or gone, so that nothing can be acknowledged any more; returns why. The process
    /// should end then.
    pub async fn until_lost(&self) -> Arc<str> {
        self.client.shared().health.until_lost().await
    }

    /// Answers what was asked before, writes everything into the journal's one file and gives the lock back. Other
    /// handles answer [`DriverError::Closed`] from then on.
    ///
    /// # Errors
    /// When the engine had stopped before because the journal is damaged or gone.
    pub async fn close(self) -> Result<(), DriverError> {
        let client = self.client.clone();
        let closed = tokio::task::spawn_blocking(move || client.close()).await;
        match closed.map(|()| self.client.shared().unanswered()) {
            Ok(stopped @ DriverError::Stopped { .. }) => Err(stopped),
            _ => Ok(()),
        }
    }

    /// Moves the clock ahead, for good: the journal remembers by how much. Returns the new time.
    ///
    /// # Errors
    /// When the driver fails; the clock has not moved then.
    pub async fn advance_clock(&self, by: Duration) -> Result<Timestamp, DriverError> {
        self.client.ask(by, Request::AdvanceClock).await
    }

    /// Waits until nothing is under way: no request waits, no deadline that has come is still to be looked at, no call is in
    /// flight. What waits for a token, a worker or a time rests.
    ///
    /// # Errors
    /// When the driver fails or is closed first.
    pub async fn at_rest(&self) -> Result<(), DriverError> {
        self.client.ask((), Request::WaitForRest).await
    }

    /// Returns the deadline that comes first: of a wait, of the pause before a retry, of a token or a worker, of an execution.
    /// Those of calls in flight are not among them: they get their whole time again when the clock is moved.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn next_deadline(&self) -> Result<Option<Deadline>, DriverError> {
        let shared = self.client.shared().clone();
        self.client
            .read(move |connection| deadline::first(&shared, connection))
            .await
    }

    /// Has the deadlines looked at again: the clock jumped.
    pub fn clock_changed(&self) {
        self.client.shared().send(Request::ClockChanged);
    }

    /// Waits until the engine's thread has come to this request: it shows that the thread works, and by its time how long the
    /// queue is.
    ///
    /// # Errors
    /// When the driver is closed, or refuses requests because the journal cannot be written.
    pub async fn ping(&self) -> Result<(), DriverError> {
        self.client.ask((), Request::Ping).await
    }

    /// Figures since the driver was opened.
    pub fn statistics(&self) -> Statistics {
        self.client.shared().counters.read()
    }
}

/// Reads the directory's identity. A journal that has none is new, or was written before there were any.
fn identity_of(connection: &rusqlite::Connection, config: &DriverConfig) -> Result<String, DriverError> {
    let known = store::get(connection, IDENTITY_KIND, journal::FILE)?;
    if let Some(known) = known.as_ref().and_then(Value::as_str) {
        return Ok(known.to_owned());
    }
    let new = sluice_storage::identity::new((config.seed)());
    store::put(connection, IDENTITY_KIND, journal::FILE, &Value::from(new.as_str()))?;
    Ok(new)
}
