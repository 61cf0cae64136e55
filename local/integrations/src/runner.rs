//! The driver's task runner: each task becomes one tokio task, and the engine's thread goes on.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use serde_json::Value;
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_asl::serialized_len;
use sluice_driver::{ExecutionRecord, RunningTask, TaskResult, TaskRunner};
use sluice_engine::{AttemptId, Identity, ScheduledTask};
use sluice_stepfunctions::TaskCaller;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::call_end::CallEnd;
use crate::failure::MAX_RESULT;
use crate::mocked_call::{self, MockedCall};
use crate::sdk::{self, Refusal};
use crate::{Client, Mocks, Services, TaskFailure, dynamodb, events, http, lambda, sns, sqs, step_functions};

/// Calls in flight, by the execution's ARN and the attempt.
type Calls = HashMap<(Arc<str>, AttemptId), AbortHandle>;

/// Runs tasks on the services of this machine.
///
/// The driver needs a runner before there are services that hold the driver: tasks that come before
/// [`Runner::attach`] wait for it.
pub struct Runner {
    runtime: Handle,
    services: OnceLock<Arc<Services>>,
    /// Tasks that came before there were services.
    waiting: Mutex<Vec<RunningTask>>,
    /// The calls in flight, so that those that nobody waits for any more can be given up.
    calls: Arc<Mutex<Calls>>,
    /// Itself, for calls that are made once it is known that nothing stands in their place.
    me: Weak<Self>,
}

impl Runner {
    /// A runner whose calls run on this runtime.
    pub fn new(runtime: Handle) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            runtime,
            services: OnceLock::new(),
            waiting: Mutex::default(),
            calls: Arc::default(),
            me: me.clone(),
        })
    }

    /// Gives the runner its services, once, and starts what has waited for them.
    pub fn attach(&self, services: Services) {
        let mut waiting = self.waiting.lock();
        let services = self.services.get_or_init(|| Arc::new(services));
        for task in waiting.drain(..) {
            self.start(services, task);
        }
    }

    fn start(&self, services: &Arc<Services>, task: RunningTask) {
        match &services.mocks {
            Some(mocks) if mocks.has_machine(&task.identity.machine_name) => {
                self.start_mocked(Arc::clone(services), Arc::clone(mocks), task);
            }
            Some(_) | None => self.start_call(services, task),
        }
    }

    /// Answers a task by the test case of its execution, or makes its call where that has nothing to say.
    fn start_mocked(&self, services: Arc<Services>, mocks: Arc<Mocks>, task: RunningTask) {
        let me = Weak::clone(&self.me);
        self.runtime.spawn(async move {
            let call = MockedCall::of(&task);
            let mut in_flight = InFlight(Some(task));
            match mocked_call::answer(&services, &mocks, &call).await {
                // A mocked result is the task's, also of one that waits for a token or a job.
                Some(end) => in_flight.end(end),
                None => {
                    if let (Some(me), Some(task)) = (me.upgrade(), in_flight.0.take()) {
                        me.start_call(&services, task);
                    }
                }
            }
        });
    }

    fn start_call(&self, services: &Arc<Services>, task: RunningTask) {
        if let Resource::Activity { arn } = &task.task.resource {
            services
                .stepfunctions
                .activity_tasks()
                .offer(arn, task.identity.key, task.task.attempt);
            return task.awaits_worker();
        }
        let services = Arc::clone(services);
        if starts_execution(&task.task.resource) {
            // answered by the driver, in the commit that starts the other execution: there is no call to cut off
            self.runtime.spawn(async move {
                let mut in_flight = InFlight(Some(task));
                let Some(task) = &mut in_flight.0 else { return };
                let started = step_functions::start_execution(&services, task).await;
                in_flight.started(started);
            });
            return;
        }
        let calls = Arc::clone(&self.calls);
        let call = (Arc::clone(&task.identity.arn), task.task.attempt);
        let known = call.clone();
        let machine = Arc::clone(&task.identity.machine_arn);
        // locked until the handle is in: the call removes it when it ends
        let mut calls_in_flight = self.calls.lock();
        let handle = self.runtime.spawn(async move {
            let in_flight = InFlight(Some(task));
            let Some(task) = &in_flight.0 else { return };
            let end = perform(&services, &task.identity, &task.task).await;
            if end.is_throttled() {
                services
                    .stepfunctions
                    .backpressure()
                    .throttled(&machine, Instant::now());
            }
            calls.lock().remove(&known);
            in_flight.answer(end);
        });
        calls_in_flight.insert(call, handle.abort_handle());
    }
}

/// A task whose call is under way. Cut off, because nobody waits for it any more or because the process is going down,
/// it is not answered: an answer would be a failure, while the journal has the attempt as open and the next start sends
/// it again. A panic is a failure, and says so.
struct InFlight(Option<RunningTask>);

impl InFlight {
    fn answer(mut self, end: CallEnd) {
        if let Some(task) = self.0.take() {
            answer(task, end);
        }
    }

    /// Answers with a result that nothing is waited for after.
    fn end(mut self, end: CallEnd) {
        if let Some(task) = self.0.take() {
            match end {
                CallEnd::Succeeded(output) => task.succeed(output),
                CallEnd::Failed(failure) => task.fail(failure.error, failure.cause),
                // Dropping it would be an answer. The journal has the attempt as open, and the next start sends it again.
                CallEnd::Interrupted => task.leave_open(),
            }
        }
    }

    /// The driver has answered the task, or nothing was started.
    fn started(mut self, started: Result<(), TaskFailure>) {
        if let Some(task) = self.0.take()
            && let Err(failure) = started
        {
            task.fail(failure.error, failure.cause);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(task) = self.0.take()
            && !std::thread::panicking()
        {
            task.leave_open();
        }
    }
}

impl TaskRunner for Runner {
    fn run(&self, task: RunningTask) {
        if let Some(services) = self.services.get() {
            return self.start(services, task);
        }
        let mut waiting = self.waiting.lock();
        match self.services.get() {
            Some(services) => self.start(services, task),
            None => waiting.push(task),
        }
    }

    /// A call that has not reached its function yet is forgotten; one that has goes on there, unheard. An activity task
    /// that no worker took is no longer offered.
    fn abandon(&self, execution: &Arc<Identity>, attempt: AttemptId) {
        if let Some(services) = self.services.get() {
            services.stepfunctions.activity_tasks().withdraw(execution.key, attempt);
        }
        let call = (Arc::clone(&execution.arn), attempt);
        if let Some(handle) = self.calls.lock().remove(&call) {
            handle.abort();
        }
    }

    fn job_ended(&self, task: &ScheduledTask, job: &ExecutionRecord) -> TaskResult {
        step_functions::job_ended(task, job)
    }
}

/// True when the call starts an execution here, which the driver does together with the answer to the task.
fn starts_execution(resource: &Resource) -> bool {
    matches!(
        resource,
        Resource::Service { service, action, .. } if service == "states" && action == "startExecution"
    )
}

async fn perform(services: &Services, caller: &Identity, task: &ScheduledTask) -> CallEnd {
    let (end, name) = match &task.resource {
        Resource::Activity { arn } => {
            let cause = format!("Only an execution can wait for a worker of the activity {arn}.");
            (CallEnd::Failed(TaskFailure::runtime(cause)), arn.as_str())
        }
        Resource::Function { arn } => {
            let called = lambda::function(services, arn, &task.arguments).await;
            (called, arn.as_str())
        }
        Resource::Service { service, .. } => (integration(services, caller, task).await, service.as_str()),
    };
    match end {
        CallEnd::Succeeded(value) if serialized_len(&value) > MAX_RESULT => {
            CallEnd::Failed(TaskFailure::too_large(name))
        }
        end => end,
    }
}

async fn integration(services: &Services, caller: &Identity, task: &ScheduledTask) -> CallEnd {
    let Resource::Service {
        arn,
        service,
        action,
        pattern,
    } = &task.resource
    else {
        return CallEnd::Failed(TaskFailure::runtime("The task calls no service."));
    };
    let arguments = &task.arguments;
    let waits_for_job = match pattern {
        IntegrationPattern::RequestResponse | IntegrationPattern::WaitForTaskToken => false,
        IntegrationPattern::Sync | IntegrationPattern::Sync2 => true,
    };
    match (service.as_str(), action.as_str()) {
        // Only for a caller that is no execution: see `starts_execution`.
        ("states", "startExecution") if !waits_for_job => step_functions::start_alone(services, arguments).await.into(),
        _ if waits_for_job => CallEnd::Failed(unavailable(arn)),
        ("lambda", "invoke") => lambda::invoke(services, &Client::LAMBDA, arguments).await,
        ("aws-sdk:lambda", "invoke") => lambda::invoke(services, &Client::SDK_LAMBDA, arguments).await,
        ("sns", "publish") => sns::publish(services, &Client::SNS, arguments).await.into(),
        ("aws-sdk:sns", "publish") => sns::publish(services, &Client::SDK_SNS, arguments).await.into(),
        ("dynamodb", action) => match dynamodb::operation(action) {
            Some(operation) => {
                let result = dynamodb::call(services, &Client::DYNAMODB, operation, arguments).await;
                called(arn, result)
            }
            None => CallEnd::Failed(unavailable(arn)),
        },
        ("aws-sdk:dynamodb", action) => {
            let operation = sdk::operation(action);
            let result = dynamodb::call(services, &Client::SDK_DYNAMODB, &operation, arguments).await;
            called(arn, result)
        }
        ("aws-sdk:dynamodbstreams", action) => {
            let operation = sdk::operation(action);
            let result = dynamodb::call(services, &Client::SDK_DYNAMODB_STREAMS, &operation, arguments).await;
            called(arn, result)
        }
        ("aws-sdk:sfn", action) => called(arn, sdk::sfn(services, action, arguments).await),
        ("http", "invoke") => http::invoke(services, arguments).await.into(),
        ("events", "putEvents") => called(arn, events::put_events(services, caller, arguments).await),
        ("sqs", "sendMessage") => called(arn, sqs::send_message(services, arguments).await),
        (service, action) => match service.strip_prefix("aws-sdk:").and_then(sdk::Service::named) {
            Some(service) => {
                let reply = sdk::call(services, service, action, arguments).await;
                called(arn, reply.map(|reply| reply.members))
            }
            None => CallEnd::Failed(unavailable(arn)),
        },
    }
}

/// The end of a call of an API.
fn called(arn: &str, result: Result<Value, Refusal>) -> CallEnd {
    match result {
        Ok(value) => CallEnd::Succeeded(value),
        Err(Refusal::Failed(failure)) => CallEnd::Failed(failure),
        Err(Refusal::NoOperation) => CallEnd::Failed(unavailable(arn)),
    }
}

/// The failure of a call that this machine does not have: by an error that a catcher takes.
/// `States.Runtime`, which none takes, is for definitions that cannot be right anywhere.
fn unavailable(arn: &str) -> TaskFailure {
    TaskFailure::new(
        "States.TaskFailed",
        format!(
            "The integration {arn} is not available on the local endpoint. Its results can be given by a file: sluice up \
             --mocks FILE. What can be called without one: function ARNs, activities, lambda:invoke, sns:publish, \
             sqs:sendMessage, events:putEvents, \
             http:invoke, dynamodb:getItem, putItem, updateItem and deleteItem, states:startExecution (.sync, .sync:2), \
             and by aws-sdk: what the endpoint has of cloudformation, cloudwatch, cloudwatchlogs, dynamodb, \
             dynamodbstreams, eventbridge, kinesis, lambda, sfn, sns, sqs and sts; each also with .waitForTaskToken where Step Functions \
             has it."
        ),
    )
}

fn answer(task: RunningTask, end: CallEnd) {
    let waits_for_token = matches!(
        task.task.resource,
        Resource::Service {
            pattern: IntegrationPattern::WaitForTaskToken,
            ..
        }
    );
    match end {
        CallEnd::Succeeded(output) if waits_for_token => task.submitted(output),
        end => InFlight(Some(task)).end(end),
    }
}

impl TaskCaller for Runner {
    fn call_once(
        &self,
        identity: Arc<Identity>,
        task: ScheduledTask,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + Send + '_>> {
        Box::pin(async move {
            let interrupted = || TaskResult::Failed {
                error: "States.TaskFailed".into(),
                cause: "The call was given up: the process that made it is ending.".into(),
            };
            let Some(services) = self.services.get() else {
                return interrupted();
            };
            let (sender, receiver) = oneshot::channel();
            let running = RunningTask::new(identity, task, move |answer| {
                // whoever asked may have gone
                let _ = sender.send(answer);
            });
            match perform(services, &running.identity, &running.task).await {
                CallEnd::Interrupted => interrupted(),
                end => {
                    answer(running, end);
                    receiver.await.unwrap_or_else(|_| interrupted())
                }
            }
        })
    }
}
