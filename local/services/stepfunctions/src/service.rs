//! The service's own state.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sluice_driver::{Driver, TaskResult};
use sluice_engine::{Identity, ScheduledTask};
use sluice_wire::Account;

use crate::activity_tasks::ActivityTasks;
use crate::backpressure::Backpressure;

/// Step Functions for one account.
pub struct StepFunctions {
    pub(crate) account: Account,
    pub(crate) driver: Driver,
    pub(crate) tasks: Arc<dyn TaskCaller>,
    activity_tasks: ActivityTasks,
    backpressure: Backpressure,
}

/// Makes the call of a task for a caller that is no execution of the driver: a state under test.
pub trait TaskCaller: Send + Sync + 'static {
    /// Makes the call and waits for its answer.
    fn call_once(
        &self,
        identity: Arc<Identity>,
        task: ScheduledTask,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + Send + '_>>;
}

impl StepFunctions {
    /// Step Functions whose executions are this driver's; states under test make their calls by `tasks`.
    pub fn new(account: Account, driver: Driver, tasks: Arc<dyn TaskCaller>) -> Self {
        Self {
            account,
            driver,
            tasks,
            activity_tasks: ActivityTasks::default(),
            backpressure: Backpressure::default(),
        }
    }

    /// The tasks of activities that wait for a worker.
    pub fn activity_tasks(&self) -> &ActivityTasks {
        &self.activity_tasks
    }

    /// The state machines that take no more executions for a while.
    pub fn backpressure(&self) -> &Backpressure {
        &self.backpressure
    }
}
