//! A driver on a temporary directory, with a clock that tests move and a runner that they answer for.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sluice_driver::{
    Clock, Driver, DriverConfig, ExecutionRecord, MachineKind, MachineRecord, ManualClock, NoObserver, Observation,
    Observer, OpenError, RetryBackoff, RunningTask, StartExecution, TaskRunner,
};
use sluice_engine::{AttemptId, Identity};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The time at which tests begin, on the manual clock.
pub(crate) const BEGIN: i64 = 1_790_000_000_000;

/// Hands the tasks to the test.
struct Recorder {
    tasks: UnboundedSender<RunningTask>,
    abandoned: UnboundedSender<(Arc<str>, AttemptId)>,
}

impl TaskRunner for Recorder {
    fn run(&self, task: RunningTask) {
        // A test that has ended wants no more tasks.
        let _ = self.tasks.send(task);
    }

    fn abandon(&self, execution: &Arc<Identity>, attempt: AttemptId) {
        let _ = self.abandoned.send((execution.arn.clone(), attempt));
    }
}

/// Runs nothing.
pub(crate) struct Idle;

impl TaskRunner for Idle {
    fn run(&self, _task: RunningTask) {}

    fn abandon(&self, _execution: &Arc<Identity>, _attempt: AttemptId) {}
}

/// A driver with all that a test needs around it.
pub(crate) struct World {
    pub(crate) driver: Driver,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Arc<TempDir>,
    pub(crate) tasks: UnboundedReceiver<RunningTask>,
    pub(crate) abandoned: UnboundedReceiver<(Arc<str>, AttemptId)>,
    pub(crate) told: Arc<Observed>,
}

/// The observations that the observer got.
#[derive(Default)]
pub(crate) struct Observed {
    told: Mutex<Vec<Observation>>,
    wants_states: AtomicBool,
}

impl Observer for Observed {
    fn observe(&self, observations: &[Observation]) {
        self.told.lock().expect("lock").extend_from_slice(observations);
    }

    fn wants_states(&self) -> bool {
        self.wants_states.load(Ordering::Relaxed)
    }
}

impl Observed {
    /// All so far, and forgets it.
    pub(crate) fn take(&self) -> Vec<Observation> {
        std::mem::take(&mut self.told.lock().expect("lock"))
    }

    pub(crate) fn want_states(&self, wanted: bool) {
        self.wants_states.store(wanted, Ordering::Relaxed);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::on(Arc::new(tempfile::tempdir().expect("a temporary directory")), BEGIN)
    }

    /// A driver on a directory that may have a journal, at a time.
    pub(crate) fn on(directory: Arc<TempDir>, now: i64) -> Self {
        Self::keeping(directory, now, sluice_driver::EXECUTION_RETENTION)
    }

    /// The same, with ended executions kept for a time.
    pub(crate) fn keeping(directory: Arc<TempDir>, now: i64, keep: Duration) -> Self {
        let clock = Arc::new(ManualClock::new(now));
        let (sender, tasks) = unbounded_channel();
        let (gone, abandoned) = unbounded_channel();
        let runner = Arc::new(Recorder {
            tasks: sender,
            abandoned: gone,
        });
        let told = Arc::new(Observed::default());
        let driver = open_keeping(directory.path(), clock.clone(), runner, told.clone(), keep).expect("opens");
        Self {
            driver,
            clock,
            directory,
            tasks,
            abandoned,
            told,
        }
    }

    /// The process is killed: nothing is closed. What it leaves behind is given to a new one at the same time.
    pub(crate) fn killed(self) -> Self {
        let (directory, now) = (self.directory.clone(), self.clock.now());
        drop(self.driver);
        drop(self.tasks);
        Self::on(directory, now)
    }

    pub(crate) async fn put(&self, machine: &str, definition: Value) -> String {
        let record = machine_record(machine, definition);
        let arn = record.arn.clone();
        self.driver.machines().put(record, false).await.expect("is put");
        arn
    }

    /// Starts an execution of a machine by name, and answers with the execution's ARN.
    pub(crate) async fn start(&self, machine: &str, name: &str) -> String {
        let request = StartExecution::new(machine_arn(machine), json!({"of": name})).named(name);
        self.driver.executions().start(request).await.expect("starts").arn
    }

    /// The next task that the driver runs.
    pub(crate) async fn task(&mut self) -> RunningTask {
        within(self.tasks.recv()).await.expect("the driver lives")
    }

    pub(crate) async fn ended(&self, arn: &str) -> ExecutionRecord {
        within(self.driver.executions().wait_for_end(arn))
            .await
            .expect("no failure")
            .expect("exists")
    }

    pub(crate) async fn record(&self, arn: &str) -> ExecutionRecord {
        self.driver
            .executions()
            .get(arn)
            .await
            .expect("no failure")
            .expect("exists")
    }

    /// Returns when everything sent to the engine before has been dealt with.
    pub(crate) async fn settled(&self) {
        // Machines take turns, so an answer says nothing about what came before it.
        while self.driver.statistics().queued > 0 {
            self.driver
                .store()
                .put("test", "taken", Value::Null)
                .await
                .expect("is put");
        }
        for _ in 0..2 {
            self.driver
                .store()
                .put("test", "settled", Value::Null)
                .await
                .expect("is put");
        }
    }

    pub(crate) async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.driver.clock_changed();
        self.settled().await;
    }
}

/// Copies the directory as a crash at this moment would leave it.
pub(crate) fn crashed(directory: &Path) -> Arc<TempDir> {
    let copy = tempfile::tempdir().expect("a temporary directory");
    for file in ["journal.sqlite", "journal.sqlite-wal"] {
        std::fs::copy(directory.join(file), copy.path().join(file)).expect("is copied");
    }
    Arc::new(copy)
}

pub(crate) fn open(directory: &Path, clock: Arc<dyn Clock>, runner: Arc<dyn TaskRunner>) -> Result<Driver, OpenError> {
    open_observed(directory, clock, runner, Arc::new(NoObserver))
}

/// A driver with another clock, and the tasks that it runs.
pub(crate) fn open_recorded(directory: &Path, clock: Arc<dyn Clock>) -> (Driver, UnboundedReceiver<RunningTask>) {
    open_recorded_observed(directory, clock, Arc::new(NoObserver))
}

pub(crate) fn open_recorded_observed(
    directory: &Path,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
) -> (Driver, UnboundedReceiver<RunningTask>) {
    let (sender, tasks) = unbounded_channel();
    let runner = Arc::new(Recorder {
        tasks: sender,
        abandoned: unbounded_channel().0,
    });
    (open_observed(directory, clock, runner, observer).expect("opens"), tasks)
}

pub(crate) fn open_observed(
    directory: &Path,
    clock: Arc<dyn Clock>,
    runner: Arc<dyn TaskRunner>,
    observer: Arc<dyn Observer>,
) -> Result<Driver, OpenError> {
    open_keeping(directory, clock, runner, observer, sluice_driver::EXECUTION_RETENTION)
}

fn open_keeping(
    directory: &Path,
    clock: Arc<dyn Clock>,
    runner: Arc<dyn TaskRunner>,
    observer: Arc<dyn Observer>,
    keep: Duration,
) -> Result<Driver, OpenError> {
    // One sequence for the whole process: no two drivers draw the same.
    static SEED: AtomicU64 = AtomicU64::new(1);
    let config = DriverConfig {
        directory: directory.to_owned(),
        clock,
        seed: Arc::new(|| [SEED.fetch_add(1, Ordering::Relaxed), 0x5EED]),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
        retention: keep,
        observer,
        retry: RetryBackoff {
            initial: Duration::ZERO,
            max: Duration::ZERO,
        },
        worker: None,
    };
    Driver::open(config, runner)
}

/// Fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("within a minute")
}

pub(crate) fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:eu-west-1:123456789012:stateMachine:{name}")
}

pub(crate) fn execution_arn(machine: &str, name: &str) -> String {
    format!("arn:aws:states:eu-west-1:123456789012:execution:{machine}:{name}")
}

pub(crate) fn machine_record(name: &str, definition: Value) -> MachineRecord {
    MachineRecord {
        arn: machine_arn(name),
        name: name.into(),
        kind: MachineKind::Standard,
        role_arn: "arn:aws:iam::123456789012:role/workflow".into(),
        definition: definition.to_string().into(),
        revision_id: "INITIAL".into(),
        created: BEGIN,
        updated: BEGIN,
        attributes: json!({"tags": []}),
    }
}

fn function(name: &str) -> String {
    format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}")
}

/// A machine that calls one function after the other.
pub(crate) fn chain(functions: &[&str]) -> Value {
    let mut states = serde_json::Map::new();
    for (at, name) in functions.iter().enumerate() {
        let mut state = json!({"Type": "Task", "Resource": function(name), "TimeoutSeconds": 60});
        match functions.get(at + 1) {
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        states.insert((*name).to_owned(), state);
    }
    json!({"StartAt": functions[0], "States": states})
}

/// A machine that asks a human, by a token, for at most a day.
pub(crate) fn approval() -> Value {
    json!({"StartAt": "Ask", "States": {"Ask": {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        "TimeoutSeconds": 86_400,
        "End": true,
    }}})
}

/// A machine that waits for an hour.
pub(crate) fn hour() -> Value {
    json!({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 3_600, "End": true}}})
}
