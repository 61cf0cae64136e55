//! Step Functions alone, with a driver in a directory of its own. Tasks of activities wait for workers; no other task is run.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use sluice_asl::definition::Resource;
use sluice_clock::ManualClock;
use sluice_driver::{Driver, NoObserver, RunningTask, TaskResult, TaskRunner};
use sluice_engine::{AttemptId, Identity, ScheduledTask};
use sluice_quotas::Quotas;
use sluice_service_testing::{NOW, ROLE, Reply, account, driver};
use sluice_wire::{RequestId, json as wire};
use tempfile::TempDir;

use crate::{StepFunctions, TaskCaller};

/// Offers the tasks of activities, and fails all others.
#[derive(Default)]
struct ActivitiesOnly(OnceLock<Arc<StepFunctions>>);

impl TaskRunner for ActivitiesOnly {
    fn run(&self, task: RunningTask) {
        if let (Resource::Activity { arn }, Some(states)) = (&task.task.resource, self.0.get()) {
            let tasks = states.activity_tasks();
            tasks.offer(arn, task.identity.key, task.task.attempt);
            task.awaits_worker();
        }
    }

    fn abandon(&self, execution: &Arc<Identity>, attempt: AttemptId) {
        if let Some(states) = self.0.get() {
            states.activity_tasks().withdraw(execution.key, attempt);
        }
    }
}

impl TaskCaller for ActivitiesOnly {
    fn call_once(
        &self,
        identity: Arc<Identity>,
        task: ScheduledTask,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + Send + '_>> {
        Box::pin(async move { panic!("{}: no test here calls {:?}", identity.arn, task.resource) })
    }
}

/// Step Functions and its driver.
pub(crate) struct World {
    pub(crate) service: Arc<StepFunctions>,
    pub(crate) driver: Driver,
    pub(crate) clock: Arc<ManualClock>,
    _directory: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_quotas(None)
    }

    pub(crate) fn with_quotas(quotas: Option<Arc<Quotas>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let account = account(clock.clone(), 1);
        let runner = Arc::new(ActivitiesOnly::default());
        let driver = driver(directory.path(), &account, runner.clone(), Arc::new(NoObserver));
        let service = Arc::new(StepFunctions::new(account, driver.clone(), &runner).with_quotas(quotas));
        assert!(runner.0.set(service.clone()).is_ok());
        Self {
            service,
            driver,
            clock,
            _directory: directory,
        }
    }

    /// A call.
    pub(crate) async fn states(&self, operation: &str, request: Value) -> Reply {
        let result = self.service.call(operation, request.to_string().as_bytes()).await;
        let request_id = RequestId::new(&self.service.account);
        Reply::of(wire::response(&request_id, result)).await
    }

    /// A call that must succeed.
    pub(crate) async fn states_ok(&self, operation: &str, request: Value) -> Value {
        let reply = self.states(operation, request).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text);
        reply.json()
    }

    /// Makes a state machine and answers its ARN.
    pub(crate) async fn machine(&self, name: &str, definition: &str) -> String {
        let request = json!({ "name": name, "definition": definition, "roleArn": ROLE });
        self.states_ok("CreateStateMachine", request).await["stateMachineArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Runs a state machine to its end and answers DescribeExecution.
    pub(crate) async fn run(&self, definition: &str, input: &Value) -> Value {
        let machine = self.machine("run", definition).await;
        let request = json!({ "stateMachineArn": machine, "input": input.to_string() });
        let started = self.states_ok("StartExecution", request).await;
        let arn = started["executionArn"].as_str().unwrap();
        self.driver.executions().wait_for_end(arn).await.unwrap();
        self.states_ok("DescribeExecution", json!({ "executionArn": arn }))
            .await
    }
}
