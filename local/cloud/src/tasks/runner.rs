//! The driver's task runner: each task becomes one tokio task, and the engine's thread goes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_asl::serialized_len;
use sluice_driver::{Answer, RunningTask, TaskRunner};
use sluice_engine::{AttemptId, Identity, ScheduledTask};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::failure::MAX_RESULT;
use super::lambda::Called;
use super::{TaskFailure, dynamodb, lambda, sns, states};
use crate::endpoint::Services;

/// Calls in flight, by the execution's ARN and the attempt.
type Calls = HashMap<(Arc<str>, AttemptId), AbortHandle>;

/// Runs tasks on the services of this machine.
///
/// The driver needs a runner before there are services that hold the driver: tasks that come before
/// [`Tasks::attach`] wait for it.
pub struct Tasks {
    runtime: Handle,
    services: OnceLock<Arc<Services>>,
    early: Mutex<Vec<RunningTask>>,
    /// The calls in flight, so that those that nobody waits for any more can be given up.
    calls: Arc<Mutex<Calls>>,
}

impl Tasks {
    /// A runner whose calls run on this runtime.
    pub fn new(runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            services: OnceLock::new(),
            early: Mutex::default(),
            calls: Arc::default(),
        })
    }

    /// Gives the runner its services, once, and starts what has waited for them.
    pub fn attach(&self, services: Arc<Services>) {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        let services = self.services.get_or_init(|| services);
        for task in early.drain(..) {
            self.start(services, task);
        }
    }

    fn start(&self, services: &Arc<Services>, task: RunningTask) {
        let services = Arc::clone(services);
        let calls = Arc::clone(&self.calls);
        let call = (Arc::clone(&task.identity.arn), task.task.attempt);
        let known = call.clone();
        // locked until the handle is in: the call removes it when it ends
        let mut in_flight = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = self.runtime.spawn(async move {
            let held = Held(Some(task));
            let Some(task) = &held.0 else { return };
            let outcome = perform(&services, &task.task).await;
            calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&known);
            held.answer(outcome);
        });
        in_flight.insert(call, handle.abort_handle());
    }
}

/// A task whose call is under way. Cut off, because nobody waits for it any more or because the process is going down,
/// it is not answered: an answer would be a failure, while the journal has the attempt as open and the next start sends
/// it again. A panic is a failure, and says so.
struct Held(Option<RunningTask>);

impl Held {
    fn answer(mut self, outcome: Outcome) {
        if let Some(task) = self.0.take() {
            answer(task, outcome);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(task) = self.0.take()
            && !std::thread::panicking()
        {
            std::mem::forget(task);
        }
    }
}

impl TaskRunner for Tasks {
    fn run(&self, task: RunningTask) {
        if let Some(services) = self.services.get() {
            return self.start(services, task);
        }
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        match self.services.get() {
            Some(services) => self.start(services, task),
            None => early.push(task),
        }
    }

    /// A call that has not reached its function yet is forgotten; one that has goes on there, unheard.
    fn abandon(&self, execution: &Arc<str>, attempt: AttemptId) {
        let call = (Arc::clone(execution), attempt);
        if let Some(handle) = self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&call) {
            handle.abort();
        }
    }
}

/// How a call ended.
pub(super) enum Outcome {
    Answered(Value),
    Failed(TaskFailure),
    /// The process is going down: the next one sends the task again.
    Interrupted,
}

impl From<Result<Value, TaskFailure>> for Outcome {
    fn from(result: Result<Value, TaskFailure>) -> Self {
        match result {
            Ok(value) => Self::Answered(value),
            Err(failure) => Self::Failed(failure),
        }
    }
}

async fn perform(services: &Arc<Services>, task: &ScheduledTask) -> Outcome {
    let arguments = &task.arguments;
    let (result, name) = match &task.resource {
        Resource::Function { arn } => match lambda::function(services, arn, arguments).await {
            Called::Interrupted => return Outcome::Interrupted,
            Called::Ended(result) => (result, arn.as_str()),
        },
        Resource::Activity { arn } => {
            let cause =
                format!("Activities are not available on the local endpoint, but the task's resource is {arn}.");
            (Err(TaskFailure::runtime(cause)), arn.as_str())
        }
        Resource::Service {
            arn,
            service,
            action,
            pattern,
        } => {
            let waits_for_job = match pattern {
                IntegrationPattern::RequestResponse | IntegrationPattern::WaitForTaskToken => false,
                IntegrationPattern::Sync | IntegrationPattern::Sync2 => true,
            };
            let result = match (service.as_str(), action.as_str()) {
                _ if waits_for_job => Err(unavailable(arn)),
                ("lambda", "invoke") => match lambda::invoke(services, arguments).await {
                    Called::Interrupted => return Outcome::Interrupted,
                    Called::Ended(result) => result,
                },
                ("sns", "publish") => sns::publish(services, arguments).await,
                ("dynamodb", action) => match dynamodb::operation(action) {
                    Some(operation) => dynamodb::call(services, operation, arguments).await,
                    None => Err(unavailable(arn)),
                },
                ("states", "startExecution") => states::start_execution(services, arguments).await,
                _ => Err(unavailable(arn)),
            };
            (result, service.as_str())
        }
    };
    match result {
        Ok(value) if serialized_len(&value) > MAX_RESULT => Outcome::Failed(TaskFailure::too_large(name)),
        result => result.into(),
    }
}

fn unavailable(arn: &str) -> TaskFailure {
    TaskFailure::runtime(format!(
        "The integration {arn} is not available on the local endpoint, which knows function ARNs, lambda:invoke, \
         sns:publish, dynamodb:getItem, dynamodb:putItem, dynamodb:updateItem, dynamodb:deleteItem and \
         states:startExecution, each also with .waitForTaskToken where Step Functions has it."
    ))
}

fn answer(task: RunningTask, outcome: Outcome) {
    let waits_for_token = matches!(
        task.task.resource,
        Resource::Service {
            pattern: IntegrationPattern::WaitForTaskToken,
            ..
        }
    );
    match outcome {
        Outcome::Answered(output) if waits_for_token => task.submitted(output),
        Outcome::Answered(output) => task.succeed(output),
        Outcome::Failed(failure) => task.fail(failure.error, failure.cause),
        // Dropping it would be an answer. The journal has the attempt as open, and the next start sends it again.
        Outcome::Interrupted => std::mem::forget(task),
    }
}

/// Makes a call for an execution that the driver does not know, and waits for its answer.
pub(crate) async fn call_once(services: &Arc<Services>, identity: Arc<Identity>, task: ScheduledTask) -> Answer {
    let (sender, receiver) = oneshot::channel();
    let running = RunningTask::new(identity, task, move |answer| {
        // whoever asked may have gone
        let _ = sender.send(answer);
    });
    let interrupted = || Answer::Failed {
        error: "States.TaskFailed".into(),
        cause: "The call was given up: the process that made it is ending.".into(),
    };
    match perform(services, &running.task).await {
        Outcome::Interrupted => interrupted(),
        outcome => {
            answer(running, outcome);
            receiver.await.unwrap_or_else(|_| interrupted())
        }
    }
}
