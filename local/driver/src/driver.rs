//! The handle on the engine.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use sluice_asl::{MachineType, ParseOptions, StateMachine};
use sluice_disk::{Disk, Fault, Retry};
use sluice_engine::{
    AttemptId, HistoryEvent, Identity, LogEntry, MapRunReport, MapRunUpdate, ScheduledTask, Status, Timestamp,
};
use tokio::sync::oneshot;

use crate::clock::ADVANCED;
use crate::evaluate::{Lanes, WorkerCommand};
use crate::journal::{self, Lock, Readers, children as child_rows, executions, lists, machines, store, versions};
use crate::marks::{self, Marks};
use crate::shared::Shared;
use crate::watchdog::Watchdog;
use crate::writer::{ChildAnswer, Request, Responder, TokenAnswer, VersionRequest, Writer};
use crate::{
    AliasRecord, Answer, ChildFilter, ChildRecord, Clock, DIRECTORY, DriverError, ExecutionFilter, ExecutionRecord,
    ExecutionSummary, MachineKind, MachineRecord, MapRunRecord, Observer, OpenError, Order, Page, PutMachine,
    RedriveError, Resumed, Route, RunningTask, SET_ASIDE, StartError, StartExecution, Started, Statistics, TaskRunner,
    TokenError, VersionError, VersionRecord, VersionSummary, children, fold, set_aside_key,
};

/// Virtual size of the engine thread's stack: deeply nested values are handled recursively.
const STACK: usize = 16 * 1024 * 1024;

/// As many times what a fact takes on disk it takes in memory, about.
const UNPACKED: usize = 6;

/// What a driver is made of.
#[derive(Clone)]
pub struct DriverConfig {
    /// Where the journal and its lock lie; made if it is not there.
    pub directory: PathBuf,
    /// The engine's clock.
    pub clock: Arc<dyn Clock>,
    /// A source of random numbers that nobody can guess: task tokens come from them.
    pub seed: Arc<dyn Fn() -> [u64; 2] + Send + Sync>,
    /// The region in the ARNs of executions.
    pub region: String,
    /// The account in the ARNs of executions.
    pub account: String,
    /// How long executions are kept after their end.
    pub keep: Duration,
    /// Who is told what happened.
    pub observer: Arc<dyn Observer>,
    /// How long to wait before the journal is written again after a failure.
    pub retry: Retry,
    /// How the processes are started that make costly evaluations; none: they are made in this one, where nobody can end
    /// them at once.
    pub worker: Option<WorkerCommand>,
}

impl fmt::Debug for DriverConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverConfig")
            .field("directory", &self.directory)
            .field("region", &self.region)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// A handle on the engine and its journal. Cheap to clone.
///
/// When the last handle is dropped, the engine stops at once, as if the process had been killed: what was acknowledged
/// is on disk. [`Driver::close`] is the tidy end.
///
/// Its methods read and write on threads of their own; they have to be called within a tokio runtime.
#[derive(Clone, Debug)]
pub struct Driver {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    lock: Mutex<Option<Lock>>,
    identity: Arc<str>,
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
        let disk = Disk::new("the journal", path.clone(), config.retry);
        disk.watch(journal::place(&config.directory)?);

        let (queue, requests) = mpsc::channel();
        let (marks, guilty) = Marks::open(&config.directory);
        let watchdog = Watchdog::start_with(marks::ender(&marks)).map_err(OpenError::Thread)?;
        let lanes = Lanes::start(config.worker.clone(), watchdog.clone()).map_err(OpenError::Thread)?;
        let readers = Readers::new(path.clone());
        let shared = Arc::new(Shared::new(
            queue,
            readers,
            watchdog,
            lanes,
            marks,
            config.worker.clone(),
            disk,
        ));
        let writer = Writer::new(connection, config, runner, shared.clone(), requests, guilty).map_err(unreadable)?;
        let thread = std::thread::Builder::new()
            .name("sluice-engine".into())
            .stack_size(STACK)
            .spawn(move || writer.run())
            .map_err(OpenError::Thread)?;
        let inner = Inner {
            shared,
            thread: Mutex::new(Some(thread)),
            lock: Mutex::new(Some(lock)),
            identity: identity.into(),
        };
        Ok(Self { inner: Arc::new(inner) })
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
            let (part, more) = self.ask(|reply| Request::Resume { after, reply }).await?;
            all.executions += part.executions;
            all.tasks += part.tasks;
            all.unreadable += part.unreadable;
            next = more;
        }
        Ok(all)
    }

    /// The data directory's identity: made with the journal, and carried by all databases beside it.
    pub fn identity(&self) -> &str {
        &self.inner.identity
    }

    /// What is wrong with the journal; none: it can be written, as far as is known. While there is trouble, requests
    /// that write are refused, and each second it is tried whether that is over.
    pub fn trouble(&self) -> Option<String> {
        self.inner.shared.disk.trouble()
    }

    /// Waits until the journal is damaged or gone, so that nothing can be acknowledged any more; says why. The process
    /// should end then.
    pub async fn until_lost(&self) -> Arc<str> {
        self.inner.shared.disk.until_lost().await
    }

    /// Where costly evaluations are made, for those outside of executions.
    pub fn lanes(&self) -> &Lanes {
        &self.inner.shared.lanes
    }

    /// Answers what was asked before, writes everything into the journal's one file and gives the lock back. Other
    /// handles answer [`DriverError::Closed`] from then on.
    ///
    /// # Errors
    /// When the engine had stopped before because the journal is damaged or gone.
    pub async fn close(self) -> Result<(), DriverError> {
        let inner = self.inner.clone();
        let closed = tokio::task::spawn_blocking(move || inner.shut(Request::Close)).await;
        match closed.map(|()| self.inner.shared.unanswered()) {
            Ok(stopped @ DriverError::Stopped { .. }) => Err(stopped),
            _ => Ok(()),
        }
    }

    // --- state machines

    /// Registers a state machine; with `if_absent`, only when there is none with its ARN.
    ///
    /// # Errors
    /// When the definition is not valid, or the journal fails.
    pub async fn put_machine(&self, record: MachineRecord, if_absent: bool) -> Result<PutMachine, DriverError> {
        // Here, since a large definition would keep the engine from everyone else.
        let (definition, kind) = (record.definition.clone(), record.kind);
        let checked = tokio::task::spawn_blocking(move || check_definition(&definition, kind)).await;
        let refused = match checked {
            Ok(Ok(())) => None,
            Ok(Err(diagnostics)) => Some(diagnostics),
            Err(failure) => Some(failure.to_string()),
        };
        if let Some(diagnostics) = refused {
            return Err(DriverError::Definition {
                arn: record.arn,
                diagnostics,
            });
        }
        self.ask(|reply| Request::PutMachine {
            record: Box::new(record),
            if_absent,
            reply,
        })
        .await
    }

    /// The state machine with this ARN.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn machine(&self, arn: &str) -> Result<Option<MachineRecord>, DriverError> {
        let arn = arn.to_owned();
        self.inner
            .shared
            .readers
            .read(move |connection| machines::get(connection, &arn))
            .await
    }

    /// At most `limit` state machines in the order of their ARNs, from behind the ARN `after`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn machines(&self, after: Option<String>, limit: usize) -> Result<Vec<MachineRecord>, DriverError> {
        self.inner
            .shared
            .readers
            .read(move |connection| machines::list(connection, after.as_deref(), limit))
            .await
    }

    /// Deletes a state machine; false: there is none. Its running executions end normally.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn delete_machine(&self, arn: &str) -> Result<bool, DriverError> {
        let arn = arn.to_owned();
        self.ask(|reply| Request::DeleteMachine { arn, reply }).await
    }

    /// The text of a definition that executions run or ran ([`ExecutionRecord::definition_id`]).
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn definition(&self, id: i64) -> Result<Option<Arc<str>>, DriverError> {
        self.inner
            .shared
            .readers
            .read(move |connection| machines::definition(connection, id))
            .await
    }

    // --- versions and aliases

    async fn ask_versions<T, E: From<DriverError>>(
        &self,
        machine_arn: &str,
        request: impl FnOnce(Responder<T, E>) -> VersionRequest,
    ) -> Result<T, E> {
        let machine_arn = machine_arn.to_owned();
        self.ask(|reply| Request::Versions {
            machine_arn,
            request: request(reply),
        })
        .await
    }

    /// Publishes a state machine as it is now; `revision_id`: only if that is its current revision (empty: the initial
    /// one). A revision that has a version is not published again: the answer is that version.
    ///
    /// # Errors
    /// When there is no such state machine, its revision is another, it has 1000 versions, or the driver fails.
    pub async fn publish_version(
        &self,
        machine_arn: &str,
        revision_id: Option<String>,
        description: Option<String>,
    ) -> Result<VersionSummary, VersionError> {
        self.ask_versions(machine_arn, |reply| VersionRequest::Publish {
            revision_id,
            description,
            reply,
        })
        .await
    }

    /// Deletes a version; false: there is none. Its number is not given again.
    ///
    /// # Errors
    /// When aliases lead to it, or the driver fails.
    pub async fn delete_version(&self, machine_arn: &str, number: u64) -> Result<bool, VersionError> {
        self.ask_versions(machine_arn, |reply| VersionRequest::Delete { number, reply })
            .await
    }

    /// A version of the state machine with this ARN.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn version(&self, machine_arn: &str, number: u64) -> Result<Option<VersionRecord>, DriverError> {
        let arn = machine_arn.to_owned();
        let query = move |connection: &_| versions::get(connection, &arn, number);
        self.inner.shared.readers.read(query).await
    }

    /// At most `limit` versions of a state machine, the newest first, from below the number `before`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn versions(
        &self,
        machine_arn: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<VersionSummary>, DriverError> {
        let arn = machine_arn.to_owned();
        let query = move |connection: &_| versions::list(connection, &arn, before, limit);
        self.inner.shared.readers.read(query).await
    }

    /// Creates an alias; if it is there already, led and described the same, answers that.
    ///
    /// # Errors
    /// When a version is not there, the name is taken, the state machine has 100 aliases, or the driver fails.
    pub async fn create_alias(
        &self,
        machine_arn: &str,
        name: String,
        description: Option<String>,
        routes: Vec<Route>,
    ) -> Result<AliasRecord, VersionError> {
        self.ask_versions(machine_arn, |reply| VersionRequest::CreateAlias {
            name,
            description,
            routes,
            reply,
        })
        .await
    }

    /// Changes what is given of an alias.
    ///
    /// # Errors
    /// When there is no such alias or version, or the driver fails.
    pub async fn update_alias(
        &self,
        machine_arn: &str,
        name: String,
        description: Option<String>,
        routes: Option<Vec<Route>>,
    ) -> Result<AliasRecord, VersionError> {
        self.ask_versions(machine_arn, |reply| VersionRequest::UpdateAlias {
            name,
            description,
            routes,
            reply,
        })
        .await
    }

    /// Deletes an alias; false: there is none.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn delete_alias(&self, machine_arn: &str, name: String) -> Result<bool, DriverError> {
        self.ask_versions(machine_arn, |reply| VersionRequest::DeleteAlias { name, reply })
            .await
    }

    /// The alias of a state machine with this name.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn alias(&self, machine_arn: &str, name: &str) -> Result<Option<AliasRecord>, DriverError> {
        let (arn, name) = (machine_arn.to_owned(), name.to_owned());
        let query = move |connection: &_| versions::alias(connection, &arn, &name);
        self.inner.shared.readers.read(query).await
    }

    /// At most `limit` aliases of a state machine, the oldest first, from behind the one numbered `after`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn aliases(
        &self,
        machine_arn: &str,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<AliasRecord>, DriverError> {
        let arn = machine_arn.to_owned();
        let query = move |connection: &_| versions::aliases(connection, &arn, after, limit);
        self.inner.shared.readers.read(query).await
    }

    // --- executions

    /// Starts an execution. The answer comes when it is on disk.
    ///
    /// # Errors
    /// When the name is taken, the state machine is not there, or the driver fails.
    pub async fn start_execution(&self, request: StartExecution) -> Result<Started, StartError> {
        self.ask(|reply| Request::Start {
            request: Box::new(request),
            reply,
        })
        .await
    }

    /// Starts an execution as `task` asks for, and answers the task with what `answer` makes of it, in one commit: a call
    /// that is sent again after a crash has not started anything before. Nothing is started when nobody waits for the
    /// task any more.
    ///
    /// # Errors
    /// As [`Driver::start_execution`]; the task is still to be answered then.
    pub async fn start_child(
        &self,
        task: &mut RunningTask,
        request: StartExecution,
        answer: impl Fn(&Started) -> Answer + Send + Sync + 'static,
    ) -> Result<(), StartError> {
        let (key, attempt) = (task.identity.key, task.task.attempt);
        let answer = ChildAnswer(Arc::new(answer));
        loop {
            let asked = self.ask(|reply| Request::StartChild {
                request: Box::new(request.clone()),
                key,
                attempt,
                answer: answer.clone(),
                reply,
            });
            match asked.await {
                // A task must not fail over the disk. The writer's pauses between its tries pace this.
                Err(StartError::Driver(DriverError::Journal {
                    fault: Fault::Passing, ..
                })) => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        task.is_answered();
        Ok(())
    }

    /// Stops an execution, which may be a child of a Map Run; answers when it ended, now or before, or `None` if there
    /// is no such execution.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn stop_execution(
        &self,
        arn: &str,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<Option<Timestamp>, DriverError> {
        let arn = arn.to_owned();
        self.ask(|reply| Request::Stop {
            arn,
            error,
            cause,
            reply,
        })
        .await
    }

    /// Lets an execution that failed, timed out or was stopped go on where it ended; answers when, or `None` if there
    /// is no such execution. Within 15 minutes, the same client token again is the same redrive.
    ///
    /// # Errors
    /// When it cannot be redriven, or the driver fails.
    pub async fn redrive_execution(
        &self,
        arn: &str,
        client_token: Option<String>,
    ) -> Result<Option<Timestamp>, RedriveError> {
        let arn = arn.to_owned();
        self.ask(|reply| Request::Redrive {
            arn,
            client_token,
            reply,
        })
        .await
    }

    /// The execution with this ARN, which may be a child execution of a Map Run.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn execution(&self, arn: &str) -> Result<Option<ExecutionRecord>, DriverError> {
        if let Some(recent) = self.inner.shared.recent.get(arn) {
            return Ok(Some(recent.record.clone()));
        }
        let arn = arn.to_owned();
        let shared = self.inner.shared.clone();
        let query = move |connection: &_| match executions::key_of(connection, &arn)? {
            Some(key) => executions::record(connection, key),
            None => children::record(&shared, connection, &arn),
        };
        self.inner.shared.readers.read(query).await
    }

    /// A page of executions, newest first.
    ///
    /// # Errors
    /// When the cursor is none of this list's, or the journal fails.
    pub async fn executions(&self, filter: ExecutionFilter) -> Result<Page<ExecutionSummary>, DriverError> {
        self.inner
            .shared
            .readers
            .read(move |connection| lists::executions(connection, &filter))
            .await
    }

    /// The number of executions with each status, of all machines, counted up to `most` each.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn counts(&self, most: usize) -> Result<Vec<(Status, usize)>, DriverError> {
        self.inner
            .shared
            .readers
            .read(move |connection| lists::counts(connection, most))
            .await
    }

    /// The newest event of the execution with this ARN. For one that has just changed it costs no more than looking:
    /// this is what those who wait for an end ask for.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn newest_event(&self, arn: &str) -> Result<Option<HistoryEvent>, DriverError> {
        if let Some(recent) = self.inner.shared.recent.get(arn) {
            return Ok(Some(recent.newest.clone()));
        }
        let history = self.history(arn).await?;
        Ok(history.and_then(|history| history.last().cloned()))
    }

    /// The history of the execution with this ARN, oldest event first. Those asked for last are kept for paging.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn history(&self, arn: &str) -> Result<Option<Arc<[HistoryEvent]>>, DriverError> {
        let (shared, arn) = (self.inner.shared.clone(), arn.to_owned());
        self.inner
            .shared
            .readers
            .read(move |connection| read_history(&shared, connection, &arn))
            .await
    }

    /// The Map Runs that the execution with this ARN has started, the oldest first. None for one that is not there.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn map_runs(&self, execution_arn: &str) -> Result<Vec<MapRunReport>, DriverError> {
        let arn = execution_arn.to_owned();
        let query = move |connection: &_| {
            let key = match executions::key_of(connection, &arn)? {
                Some(key) => Some(key),
                None => child_rows::find(connection, &arn)?.map(|child| child.execution),
            };
            let Some(key) = key else { return Ok(Vec::new()) };
            let mut runs = child_rows::runs(connection, key)?;
            runs.retain(|run| *run.execution_arn == *arn);
            Ok(runs)
        };
        self.inner.shared.readers.read(query).await
    }

    /// The Map Run with this ARN; what ended before `oldest` counts as not redrivable.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn map_run(&self, arn: &str, oldest: Timestamp) -> Result<Option<MapRunRecord>, DriverError> {
        let arn = arn.to_owned();
        let query = move |connection: &_| {
            let Some((_, report)) = child_rows::run(connection, &arn)? else {
                return Ok(None);
            };
            let (executions_not_redrivable, items_not_redrivable) = if report.express {
                (0, 0)
            } else {
                child_rows::not_redrivable(connection, &arn, oldest)?
            };
            Ok(Some(MapRunRecord {
                report,
                executions_not_redrivable,
                items_not_redrivable,
            }))
        };
        self.inner.shared.readers.read(query).await
    }

    /// A page of the child executions of a Map Run, newest first; `None`: there is no such run.
    ///
    /// # Errors
    /// When the cursor is none of this list's, or the journal fails.
    pub async fn children(&self, filter: ChildFilter) -> Result<Option<Page<ChildRecord>>, DriverError> {
        let query = move |connection: &_| child_rows::list(connection, &filter);
        self.inner.shared.readers.read(query).await
    }

    /// Changes the limits of a Map Run at work; false: it is over; `None`: there is no such Map Run.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn update_map_run(&self, arn: &str, update: MapRunUpdate) -> Result<Option<bool>, DriverError> {
        let arn = arn.to_owned();
        self.ask(|reply| Request::UpdateMapRun { arn, update, reply }).await
    }

    /// Waits until the execution with this ARN has ended; `None`: there is no such execution.
    ///
    /// # Errors
    /// When the driver fails or is closed first.
    pub async fn ended(&self, arn: &str) -> Result<Option<ExecutionRecord>, DriverError> {
        let arn = arn.to_owned();
        self.ask(|reply| Request::Ended { arn, reply }).await
    }

    // --- task tokens

    /// SendTaskSuccess.
    ///
    /// # Errors
    /// When the token is none, or its task is closed.
    pub async fn task_success(&self, token: &str, output: Value) -> Result<(), TokenError> {
        self.answer_token(token, TokenAnswer::Succeeded(output)).await
    }

    /// SendTaskFailure.
    ///
    /// # Errors
    /// When the token is none, or its task is closed.
    pub async fn task_failure(
        &self,
        token: &str,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<(), TokenError> {
        self.answer_token(token, TokenAnswer::Failed { error, cause }).await
    }

    /// SendTaskHeartbeat.
    ///
    /// # Errors
    /// When the token is none, or its task is closed.
    pub async fn task_heartbeat(&self, token: &str) -> Result<(), TokenError> {
        self.answer_token(token, TokenAnswer::Heartbeat).await
    }

    /// Gives an activity's task to a worker: that it has it is on disk when the answer comes. `None`: the task is not
    /// to be had any more. A caller that is gone before its turn comes takes nothing.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn claim_activity_task(
        &self,
        key: u64,
        attempt: AttemptId,
        worker: Option<String>,
    ) -> Result<Option<ScheduledTask>, DriverError> {
        self.ask(|reply| Request::Claim {
            key,
            attempt,
            worker,
            reply,
        })
        .await
    }

    async fn answer_token(&self, token: &str, answer: TokenAnswer) -> Result<(), TokenError> {
        let token = token.to_owned();
        self.ask(|reply| Request::Token { token, answer, reply }).await
    }

    // --- the store

    /// Keeps a value under a kind and a key, over what was there.
    ///
    /// # Errors
    /// When the value is nested too deeply, or the driver fails.
    pub async fn put(&self, kind: &'static str, key: &str, value: Value) -> Result<(), DriverError> {
        let key = key.to_owned();
        self.ask(|reply| Request::Put {
            kind,
            key,
            value,
            reply,
        })
        .await
    }

    /// Keeps a value if the key is free; answers whether it was.
    ///
    /// # Errors
    /// As [`Driver::put`].
    pub async fn put_if_absent(&self, kind: &'static str, key: &str, value: Value) -> Result<bool, DriverError> {
        let key = key.to_owned();
        self.ask(|reply| Request::PutIfAbsent {
            kind,
            key,
            value,
            reply,
        })
        .await
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Value>, DriverError> {
        let key = key.to_owned();
        self.inner
            .shared
            .readers
            .read(move |connection| store::get(connection, kind, &key))
            .await
    }

    /// Removes a value; answers whether it was there.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn remove(&self, kind: &'static str, key: &str) -> Result<bool, DriverError> {
        let key = key.to_owned();
        self.ask(|reply| Request::Remove { kind, key, reply }).await
    }

    /// Removes at most `limit` values of a kind whose keys come before `below`; answers how many.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn remove_below(&self, kind: &'static str, below: &str, limit: usize) -> Result<usize, DriverError> {
        let below = below.to_owned();
        self.ask(|reply| Request::RemoveBelow {
            kind,
            below,
            limit,
            reply,
        })
        .await
    }

    /// At most `limit` values of a kind in the order of their keys, from behind `after`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn scan(
        &self,
        kind: &'static str,
        order: Order,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, Value)>, DriverError> {
        let query = move |connection: &_| store::scan(connection, kind, order, after.as_deref(), limit);
        self.inner.shared.readers.read(query).await
    }

    // --- time and figures

    /// Moves the clock ahead, for good: the journal remembers by how much. Answers the new time.
    ///
    /// # Errors
    /// When the driver fails; the clock has not moved then.
    pub async fn advance_clock(&self, by: Duration) -> Result<Timestamp, DriverError> {
        self.ask(|reply| Request::AdvanceClock { by, reply }).await
    }

    /// The clock jumped: look at the deadlines again.
    pub fn clock_changed(&self) {
        self.inner.shared.send(Request::ClockChanged);
    }

    /// Answers when the engine's thread has come to this request: that it works, and how long its queue is.
    ///
    /// # Errors
    /// When the driver is closed, or refuses requests because the journal cannot be written.
    pub async fn ping(&self) -> Result<(), DriverError> {
        self.ask(|reply| Request::Ping { reply }).await
    }

    /// Figures since the driver was opened.
    pub fn statistics(&self) -> Statistics {
        self.inner.shared.counters.read()
    }

    async fn ask<T, E: From<DriverError>>(&self, request: impl FnOnce(Responder<T, E>) -> Request) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let shared = &self.inner.shared;
        shared.send(request(reply));
        answer.await.unwrap_or_else(|_| Err(shared.unanswered().into()))
    }
}

/// The directory's identity. A journal that has none is new, or was written before there were any.
fn identity_of(connection: &rusqlite::Connection, config: &DriverConfig) -> Result<String, DriverError> {
    let known = store::get(connection, DIRECTORY, journal::FILE)?;
    if let Some(known) = known.as_ref().and_then(Value::as_str) {
        return Ok(known.to_owned());
    }
    let new = sluice_disk::identity::new((config.seed)());
    store::put(connection, DIRECTORY, journal::FILE, &Value::from(new.as_str()))?;
    Ok(new)
}

/// What is wrong with a definition for a machine of this kind.
fn check_definition(text: &str, kind: MachineKind) -> Result<(), String> {
    let machine_type = match kind {
        MachineKind::Standard => MachineType::Standard,
        MachineKind::Express => MachineType::Express,
    };
    StateMachine::parse_with(text, ParseOptions { machine_type })
        .map(|_| ())
        .map_err(|diagnostics| diagnostics.to_string())
}

/// What a log is folded with.
pub(crate) fn read_log(
    shared: &Shared,
    connection: &rusqlite::Connection,
    key: u64,
) -> Result<Option<Log>, DriverError> {
    read_log_with(connection, key, |id| shared.definition(connection, id))
}

/// The same, with the parsed definitions from elsewhere.
pub(crate) fn read_log_with(
    connection: &rusqlite::Connection,
    key: u64,
    definition: impl FnOnce(i64) -> Result<Arc<StateMachine>, DriverError>,
) -> Result<Option<Log>, DriverError> {
    let Some(head) = executions::head(connection, key)? else {
        return Ok(None);
    };
    if let Some(reason) = store::get(connection, SET_ASIDE, &set_aside_key(key))? {
        return Err(DriverError::unreadable(key, reason.as_str().unwrap_or_default()));
    }
    let revision = machines::revision(connection, head.revision)?;
    Ok(Some(Log {
        machine: definition(revision.definition_id)?,
        identity: Arc::new(executions::identity(key, head, &revision)),
        entries: executions::entries(connection, key)?,
    }))
}

/// A log, and what it is folded with.
pub(crate) struct Log {
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) entries: Vec<LogEntry>,
}

fn read_history(
    shared: &Shared,
    connection: &rusqlite::Connection,
    arn: &str,
) -> Result<Option<Arc<[HistoryEvent]>>, DriverError> {
    let Some(key) = executions::key_of(connection, arn)? else {
        return children::history(shared, connection, arn);
    };
    let version = (key, executions::entry_count(connection, key)?);
    let histories = || shared.histories.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(history) = histories().get(&version) {
        return Ok(Some(history));
    }
    let Some(log) = read_log(shared, connection, key)? else {
        return Ok(None);
    };
    let history: Arc<[HistoryEvent]> =
        fold::history(log.machine, log.identity, &log.entries, &shared.patient())?.into();
    // What an event takes beside its values, which it shares with its neighbours and which are packed on disk.
    let weight = history.len() * 256 + UNPACKED * executions::entry_bytes(connection, key)?;
    histories().put(version, history.clone(), weight);
    Ok(Some(history))
}

impl Inner {
    /// Stops the engine's thread and waits until it is gone.
    fn shut(&self, request: Request) {
        self.shared.set_closing();
        let tidy = matches!(request, Request::Close);
        self.shared.send(request);
        self.shared.lanes.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The last handle can be dropped by the runner, on the very thread.
            if thread.thread().id() == std::thread::current().id() {
                return;
            }
            if thread.join().is_err() {
                tracing::error!("the engine's thread panicked");
            }
        }
        self.shared.readers.close();
        if tidy {
            self.shared.marks.close();
        }
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut(Request::Halt);
    }
}
