//! The service's own state.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use sluice_driver::{Driver, TaskResult};
use sluice_engine::{Identity, ScheduledTask};
use sluice_quotas::Quotas;
use sluice_wire::Account;

use crate::StatesError;
use crate::activity_tasks::ActivityTasks;
use crate::backpressure::Backpressure;
use crate::test_cases::TestCases;

/// Step Functions for one account.
pub struct StepFunctions {
    pub(crate) account: Account,
    pub(crate) driver: Driver,
    /// The caller may hold this service in turn.
    pub(crate) tasks: Weak<dyn TaskCaller>,
    activity_tasks: ActivityTasks,
    backpressure: Backpressure,
    quotas: Option<Arc<Quotas>>,
    pub(crate) test_cases: Option<Arc<dyn TestCases>>,
    /// Held while the calls of test cases are counted.
    pub(crate) counting: tokio::sync::Mutex<()>,
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
    /// Step Functions whose executions are this driver's; states under test make their calls by `tasks`, as long as somebody
    /// holds that.
    pub fn new<T: TaskCaller>(account: Account, driver: Driver, tasks: &Arc<T>) -> Self {
        let tasks = Arc::downgrade(tasks);
        Self {
            account,
            driver,
            tasks,
            activity_tasks: ActivityTasks::default(),
            backpressure: Backpressure::default(),
            quotas: None,
            test_cases: None,
            counting: tokio::sync::Mutex::new(()),
        }
    }

    /// The same with AWS's quotas: calls beyond them are throttled.
    #[must_use]
    pub fn with_quotas(self, quotas: Option<Arc<Quotas>>) -> Self {
        Self { quotas, ..self }
    }

    /// The same with test cases, by which executions may be started.
    #[must_use]
    pub fn with_test_cases(self, test_cases: Option<Arc<dyn TestCases>>) -> Self {
        Self { test_cases, ..self }
    }

    /// Counts a call of the API.
    pub(crate) fn admit(&self, operation: &str) -> Result<(), StatesError> {
        match &self.quotas {
            Some(quotas) if !quotas.admit_states_api(operation, self.account.now()) => Err(StatesError::Throttled),
            _ => Ok(()),
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
