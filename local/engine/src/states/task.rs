//! Task: one attempt after the other, until one is answered well or the state gives up.
//!
//! | pattern | events | the heartbeat counts from |
//! |---|---|---|
//! | function ARN | LambdaFunctionScheduled, -Started, then -Succeeded, -Failed or -TimedOut | never |
//! | request, response | TaskScheduled, -Started, then -Succeeded, -Failed or -TimedOut | never |
//! | `.sync`, `.waitForTaskToken` | the same with TaskSubmitted in between | the call, for tokens |
//! | activity | ActivityScheduled, -Started by a worker, then -Succeeded, -Failed or -TimedOut | the worker's start |

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Dynamic, IntegrationPattern, Resource, Task};
use sluice_asl::eval::{ErrorName, EvalError};

use super::behavior::StateBehavior;
use crate::change::call::{CallScheduled, CallStarted};
use crate::decision::{Data, Decision, ResultFlow, Step, View, dynamic_reads_context, names_token};
use crate::execution_state::{Call, CallStage, ThreadId};
use crate::limits::after;
use crate::{AttemptId, Effect, ScheduledTask, token};

impl StateBehavior for Task {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        if let Resource::Activity { arn } = &self.resource
            && d.execution().missing_activities.contains(arn.as_str())
        {
            return d.fail_evaluation(
                thread,
                EvalError {
                    name: ErrorName::Runtime,
                    cause: format!("The activity {arn} does not exist."),
                    location: None,
                },
            );
        }
        match evaluate(d, view, self) {
            Ok(task) => schedule(d, thread, task),
            Err(error) => d.fail_evaluation(thread, error),
        }
    }

    fn call_succeeded(&self, d: &mut Decision<'_>, thread: ThreadId, output: &Arc<Value>) -> Step {
        let flow = ResultFlow {
            selector: self.result_selector.as_ref(),
            path: &self.result_path,
        };
        d.complete(thread, output.clone(), flow, &self.transition)
    }
}

/// The attempt to make, with everything evaluated.
fn evaluate(d: &Decision<'_>, mut view: View, task: &Task) -> Result<ScheduledTask, EvalError> {
    let attempt = AttemptId(d.execution().next_attempt);
    let token = needs_token(task).then(|| Arc::<str>::from(token::mint(d.identity.key, attempt, d.entropy.bytes())));
    if let Some(token) = &token {
        view = view.with_token(token.clone());
    }
    let input = d.state_input(&view)?;
    let data = Data::input(&input);
    let arguments = match &task.arguments {
        Some(template) => Arc::new(d.template(&view, template, data)?),
        None => input.clone(),
    };
    let seconds = |dynamic: &Option<Dynamic<u64>>| match dynamic {
        None => Ok(None),
        Some(dynamic) => d
            .evaluate(&view, data, dynamic_reads_context(dynamic), |scope| {
                dynamic.evaluate(scope)
            })
            .map(Some),
    };
    let timeout_seconds = seconds(&task.timeout)?;
    let heartbeat_seconds = seconds(&task.heartbeat)?;
    let credentials = match &task.credentials {
        Some(template) => Some(Arc::new(d.template(&view, template, data)?)),
        None => None,
    };
    Ok(ScheduledTask {
        attempt,
        state: view.state.name.clone(),
        resource: task.resource.clone(),
        arguments,
        token,
        timeout_seconds,
        heartbeat_seconds,
        credentials,
    })
}

/// Tells whether somebody else may answer the attempt, or its token is read.
fn needs_token(task: &Task) -> bool {
    match &task.resource {
        Resource::Activity { .. } => true,
        Resource::Service {
            pattern: IntegrationPattern::WaitForTaskToken,
            ..
        } => true,
        Resource::Function { .. } | Resource::Service { .. } => task.arguments.as_ref().is_some_and(names_token),
    }
}

/// Schedules the attempt, and starts its call unless a worker will take it.
fn schedule(d: &mut Decision<'_>, thread: ThreadId, task: ScheduledTask) -> Step {
    let times_out_at = task.timeout_seconds.map(|seconds| after(d.at, seconds));
    let by_token = matches!(
        &task.resource,
        Resource::Service {
            pattern: IntegrationPattern::WaitForTaskToken,
            ..
        }
    );
    let heartbeat_by = task
        .heartbeat_seconds
        .filter(|_| by_token)
        .map(|seconds| after(d.at, seconds));
    let is_activity = matches!(&task.resource, Resource::Activity { .. });
    let effect = Effect::Run(Box::new(task.clone()));
    let call = Call {
        task,
        since: d.at,
        stage: CallStage::Scheduled,
        times_out_at,
        heartbeat_by,
    };
    d.emit(CallScheduled {
        thread,
        call: Box::new(call),
    })?;
    d.effects.push(effect);
    if is_activity {
        Ok(())
    } else {
        d.emit(CallStarted { thread })
    }
}

/// The name in the cause of a result that is too large.
pub(crate) fn name_in_cause(resource: &Resource) -> &str {
    match resource {
        Resource::Function { arn } | Resource::Activity { arn } => arn,
        Resource::Service { service, .. } => service,
    }
}
