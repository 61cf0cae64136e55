//! Executions.

use std::ops::Range;
use std::sync::Arc;

use sluice_engine::{HistoryEvent, Status, Timestamp, Trace};
use sluice_storage::Fault;

use crate::client::Client;
use crate::journal::{executions, lists, scan};
use crate::request::{ChildResult, Request, StartForTask};
use crate::{
    DriverError, EndMark, Ends, ExecutionFilter, ExecutionRecord, ExecutionSummary, Page, RedriveError,
    RedriveExecution, RunningTask, StartError, StartExecution, Started, StopExecution, TaskResult, children, history,
};

/// A handle on the executions.
///
/// ```
/// # struct Runner;
/// # impl sluice_driver::TaskRunner for Runner {
/// #     fn run(&self, task: sluice_driver::RunningTask) {
/// #         task.succeed(serde_json::json!("done"));
/// #     }
/// # }
/// # fn config(directory: &std::path::Path) -> sluice_driver::DriverConfig {
/// #     sluice_driver::DriverConfig {
/// #         directory: directory.to_owned(),
/// #         clock: std::sync::Arc::new(sluice_driver::SystemClock::new()),
/// #         seed: std::sync::Arc::new(|| [1, 2]),
/// #         region: "us-east-1".into(),
/// #         account: "123456789012".into(),
/// #         retention: sluice_driver::EXECUTION_RETENTION,
/// #         observer: std::sync::Arc::new(sluice_driver::NoObserver),
/// #         retry: sluice_driver::RetryBackoff::default(),
/// #         worker: None,
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let driver = sluice_driver::Driver::open(config(directory.path()), std::sync::Arc::new(Runner))?;
/// use sluice_driver::{ExecutionFilter, StopExecution};
///
/// let page = driver.executions().list(ExecutionFilter::default()).await?;
/// assert!(page.items.is_empty() && page.next.is_none());
/// let stopped = driver.executions().stop(StopExecution::new("arn:of:no:execution")).await?;
/// assert_eq!(stopped, None, "there is no such execution");
/// # driver.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Executions(pub(crate) Client);

impl Executions {
    /// Starts an execution: it is on disk when this returns.
    ///
    /// # Errors
    /// When the name is taken, the state machine is not there, or the driver fails.
    pub async fn start(&self, request: StartExecution) -> Result<Started, StartError> {
        self.0.ask(Box::new(request), Request::Start).await
    }

    /// Starts an execution as `task` asks for, and answers the task with what `result` makes of it, in one commit: a call
    /// that is sent again after a crash has not started anything before. Nothing is started when nobody waits for the
    /// task any more.
    ///
    /// # Errors
    /// As [`Executions::start`]; the task is still to be answered then.
    pub async fn start_for_task(
        &self,
        task: &mut RunningTask,
        request: StartExecution,
        result: impl Fn(&Started) -> TaskResult + Send + Sync + 'static,
    ) -> Result<(), StartError> {
        let start = StartForTask {
            request: Box::new(request),
            key: task.identity.key,
            attempt: task.task.attempt,
            result: ChildResult(Arc::new(result)),
        };
        loop {
            match self.0.ask(start.clone(), Request::StartForTask).await {
                // A task must not fail over the disk. The writer's pauses between its tries pace this.
                Err(StartError::Driver(DriverError::Journal {
                    fault: Fault::Transient,
                    ..
                })) => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        task.mark_answered();
        Ok(())
    }

    /// Stops an execution, which may be a child of a Map Run; returns when it ended, now or before, or `None` if there
    /// is no such execution.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn stop(&self, stop: StopExecution) -> Result<Option<Timestamp>, DriverError> {
        self.0.ask(stop, Request::Stop).await
    }

    /// Lets an execution that failed, timed out or was stopped go on where it ended; returns when, or `None` if there
    /// is no such execution. Within 15 minutes, the same client token again is the same redrive.
    ///
    /// # Errors
    /// When it cannot be redriven, or the driver fails.
    pub async fn redrive(&self, redrive: RedriveExecution) -> Result<Option<Timestamp>, RedriveError> {
        self.0.ask(redrive, Request::Redrive).await
    }

    /// Waits until the execution with this ARN has ended; `None`: there is no such execution.
    ///
    /// # Errors
    /// When the driver fails or is closed first.
    pub async fn wait_for_end(&self, arn: &str) -> Result<Option<ExecutionRecord>, DriverError> {
        self.0.ask(arn.to_owned(), Request::WaitForEnd).await
    }

    /// Returns the execution with this ARN, which may be a child execution of a Map Run.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn get(&self, arn: &str) -> Result<Option<ExecutionRecord>, DriverError> {
        if let Some(recent) = self.0.shared().recent.get(arn) {
            return Ok(Some(recent.record.clone()));
        }
        let (shared, arn) = (self.0.shared().clone(), arn.to_owned());
        let query = move |connection: &_| match executions::key_of(connection, &arn)? {
            Some(key) => executions::record(connection, key),
            None => children::record(&shared, connection, &arn),
        };
        self.0.read(query).await
    }

    /// Lists a page of executions, newest first.
    ///
    /// # Errors
    /// When the cursor is none of this list's, or the journal fails.
    pub async fn list(&self, filter: ExecutionFilter) -> Result<Page<ExecutionSummary>, DriverError> {
        self.0
            .read(move |connection| lists::executions(connection, &filter))
            .await
    }

    /// Counts the executions with each status, of all machines, up to `most` each.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn counts(&self, most: usize) -> Result<Vec<(Status, usize)>, DriverError> {
        self.0.read(move |connection| lists::counts(connection, most)).await
    }

    /// Returns the smallest key behind all executions and the smallest of any: keys count up with the start, so the range
    /// between them holds all executions.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn keys(&self) -> Result<Range<u64>, DriverError> {
        self.0
            .read(|connection| Ok(scan::oldest_key(connection)?..scan::newest_key(connection)?.saturating_add(1)))
            .await
    }

    /// Returns the executions of a machine whose keys lie in a range, the first started first. The range bounds what is
    /// looked at: ask for a few thousand keys at a time.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn records_between(
        &self,
        machine_arn: &str,
        range: Range<u64>,
    ) -> Result<Vec<ExecutionRecord>, DriverError> {
        let arn = machine_arn.to_owned();
        self.0
            .read(move |connection| scan::records_between(connection, &arn, &range))
            .await
    }

    /// Returns the executions with these keys, in this order, but for those that were deleted.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn records(&self, keys: Vec<u64>) -> Result<Vec<ExecutionRecord>, DriverError> {
        self.0.read(move |connection| scan::records(connection, &keys)).await
    }

    /// Returns the ends of executions of a machine behind a mark. At most `limit` ends, those of other machines included, are
    /// looked at.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn ended_after(&self, machine_arn: &str, mark: EndMark, limit: usize) -> Result<Ends, DriverError> {
        let arn = machine_arn.to_owned();
        self.0
            .read(move |connection| scan::ended_after(connection, &arn, mark, limit))
            .await
    }

    /// Counts the executions of a machine that wait for a task token, up to `most`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn waiting_count(&self, machine_arn: &str, most: usize) -> Result<usize, DriverError> {
        let arn = machine_arn.to_owned();
        self.0
            .read(move |connection| scan::waiting_count(connection, &arn, most))
            .await
    }

    /// Returns the newest event of the execution with this ARN. For one that has just changed it costs no more than
    /// looking: this is what those who wait for an end ask for.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn newest_event(&self, arn: &str) -> Result<Option<HistoryEvent>, DriverError> {
        if let Some(recent) = self.0.shared().recent.get(arn) {
            return Ok(Some(recent.newest.clone()));
        }
        let history = self.history(arn).await?;
        Ok(history.and_then(|history| history.last().cloned()))
    }

    /// Returns the history of the execution with this ARN, oldest event first. Those asked for last are kept for paging.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn history(&self, arn: &str) -> Result<Option<Arc<[HistoryEvent]>>, DriverError> {
        let read = self.trace(arn).await?;
        Ok(read.map(|trace| trace.events))
    }

    /// Returns the same history with the visits of states that its events are about, and those that are open.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn trace(&self, arn: &str) -> Result<Option<Trace>, DriverError> {
        let (shared, arn) = (self.0.shared().clone(), arn.to_owned());
        self.0
            .read(move |connection| history::read(&shared, connection, &arn))
            .await
    }
}
