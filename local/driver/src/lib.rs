//! The thin driver around the engine: journal, group commit, timers, recovery.
//!
//! The engine decides and touches nothing; this crate gives it a disk, a clock and a thread. One thread takes requests
//! in, applies them, writes the facts with one fsync for all that had queued up, and only then acts: **commit, then
//! act**. An execution without calls in flight leaves memory (one with a long log not at once) and is folded back from
//! its log when a task token, a deadline or a stop reaches it. Reads run beside the writer, on connections of their own.
//!
//! - [`Driver`]: the handle; [`DriverConfig`] says where, and with which clock and random numbers.
//! - [`TaskRunner`] makes the calls and answers each through its [`RunningTask`].
//! - [`Observer`] gets the observations, for metrics.
//! - [`Clock`]: time as an input, with a [`SystemClock`] and, for tests, a [`ManualClock`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use serde_json::json;
//! use sluice_driver::{
//!     Driver, DriverConfig, EXECUTION_RETENTION, MachineKind, MachineRecord, NoObserver, RetryBackoff, RunningTask,
//!     StartExecution, SystemClock, TaskRunner,
//! };
//!
//! /// Answers every task with its input.
//! struct Echo;
//!
//! impl TaskRunner for Echo {
//!     fn run(&self, task: RunningTask) {
//!         let input = json!({ "state": task.task.state.to_string() });
//!         task.succeed(input);
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let config = DriverConfig {
//!     directory: directory.path().to_owned(),
//!     clock: Arc::new(SystemClock::new()),
//!     seed: Arc::new(|| [1, 2]), // random numbers, in earnest
//!     region: "us-east-1".into(),
//!     account: "123456789012".into(),
//!     retention: EXECUTION_RETENTION,
//!     observer: Arc::new(NoObserver),
//!     retry: RetryBackoff::default(),
//!     worker: None,
//! };
//! let driver = Driver::open(config, Arc::new(Echo))?;
//! let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:greet";
//! let definition = r#"{"StartAt": "Greet", "States": {
//!     "Greet": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:greet", "End": true}}}"#;
//! let machine = MachineRecord {
//!     arn: arn.into(),
//!     name: "greet".into(),
//!     kind: MachineKind::Standard,
//!     role_arn: "arn:aws:iam::123456789012:role/r".into(),
//!     definition: definition.into(),
//!     revision_id: String::new(),
//!     created: 0,
//!     updated: 0,
//!     attributes: json!({}),
//! };
//! driver.machines().put(machine, false).await?;
//! let started = driver.executions().start(StartExecution::new(arn, json!({})).named("first")).await?;
//! let ended = driver.executions().wait_for_end(&started.arn).await?.ok_or("it is gone")?;
//! assert_eq!(ended.status.as_str(), "SUCCEEDED");
//! driver.close().await?;
//! # Ok(())
//! # }
//! ```

mod api;
mod check;
mod child_block;
mod children;
mod client;
mod clock;
mod config;
mod crash_markers;
mod deadline;
mod decided;
mod definition;
mod driver;
mod error;
mod evaluate;
mod fair_queue;
mod fold;
mod history;
mod journal;
mod log;
mod lru_cache;
mod observations;
mod observer;
mod open_tasks;
mod recent;
mod record;
mod request;
mod shared;
mod task;
mod watchdog;
mod writer;

pub use api::{Activities, Aliases, Executions, Machines, MapRuns, Store, TaskTokens, Versions};
pub use check::{DirectoryLock, Finding, JournalReport, check_journal};
pub use config::DriverConfig;
pub use deadline::{Deadline, DeadlineKind};
pub use driver::Driver;
pub use error::{DriverError, OpenError, RedriveError, StartError, TokenError, VersionError};
pub use evaluate::{EvaluationJob, EvaluationPool, WorkerCommand, serve as serve_evaluations};
pub use observer::{NoObserver, Observation, ObservationKind, Observer, TaskEnd};
pub use open_tasks::OpenTask;
pub use record::{
    AliasRecord, ChildFilter, ChildOf, ChildRecord, ClaimTask, CreateAlias, EndMark, Ends, ExecutionFilter,
    ExecutionRecord, ExecutionSummary, MachineKind, MachineRecord, MapRunRecord, Order, Page, PublishVersion,
    PutMachineResult, Qualifier, RedriveExecution, Resumed, Route, StartExecution, Started, Statistics, StopExecution,
    UpdateAlias, VersionRecord, VersionSummary,
};
pub use sluice_clock::{Clock, ManualClock, SystemClock};
pub use sluice_storage::{Fault, RetryBackoff};
pub use task::{RunningTask, TaskResult, TaskRunner};
pub use watchdog::{Watch, WatchReport, Watchdog};

/// The kind of the store under which the directory's identity lies, by the name of each database that carries it.
pub const IDENTITY_KIND: &str = "sluice.directory";

/// The kind of the store under which executions are noted that cannot be gone on with, and why.
pub(crate) const SET_ASIDE: &str = "set aside";

pub(crate) fn set_aside_key(execution: u64) -> String {
    format!("{execution:020}")
}

/// The kind of the store under which activities are kept, by their ARNs. A task of an activity that is not there fails
/// its state.
pub const ACTIVITY_KIND: &str = "activity";

/// The time for which Step Functions keeps an execution after its end: 90 days.
/// See [the quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
pub const EXECUTION_RETENTION: std::time::Duration = std::time::Duration::from_secs(90 * 24 * 60 * 60);
