//! Changes as history events.

use std::sync::Arc;

use sluice_asl::StateKind;
use sluice_asl::definition::{IntegrationPattern, Resource};

use crate::change::Change;
use crate::event::{ErrorDetails, EventKind, Integration, Iteration, StateType};
use crate::life::{Call, Life, ThreadId};
use crate::{Identity, Outcome};

/// The type of a state.
pub(crate) fn state_type(kind: &StateKind) -> StateType {
    match kind {
        StateKind::Pass(_) => StateType::Pass,
        StateKind::Task(_) => StateType::Task,
        StateKind::Choice(_) => StateType::Choice,
        StateKind::Wait(_) => StateType::Wait,
        StateKind::Succeed(_) => StateType::Succeed,
        StateKind::Fail(_) => StateType::Fail,
        StateKind::Parallel(_) => StateType::Parallel,
        StateKind::Map(_) => StateType::Map,
    }
}

/// The event that `change` is, seen from the state `life` before it; `None` for bookkeeping.
pub(crate) fn project(life: &Life, identity: &Identity, change: &Change) -> Option<EventKind> {
    Some(match change {
        Change::Started { input, .. } => EventKind::ExecutionStarted {
            input: input.clone(),
            role_arn: identity.role_arn.clone(),
        },
        Change::Ended { outcome, .. } => ended(outcome),
        Change::Redriven { .. } => EventKind::ExecutionRedriven {
            redrive_count: life.redrives + 1,
        },
        Change::StateEntered { state, input, .. } => EventKind::StateEntered {
            state: state_type(&state.kind),
            name: state.name.clone(),
            input: input.clone(),
        },
        Change::StateExited {
            thread,
            output,
            assigned,
            ..
        } => {
            let state = &life.visit(*thread)?.state;
            EventKind::StateExited {
                state: state_type(&state.kind),
                name: state.name.clone(),
                output: output.clone(),
                assigned: assigned.clone(),
            }
        }
        Change::EvaluationFailed {
            thread,
            error,
            cause,
            location,
            ..
        } => EventKind::EvaluationFailed {
            state: life.visit(*thread)?.state.name.clone(),
            error: (*error).to_owned(),
            cause: cause.clone(),
            location: location.clone(),
        },
        Change::StateAborted { thread } => EventKind::StateAborted {
            state: state_type(&life.visit(*thread)?.state.kind),
        },
        Change::CallScheduled { call, .. } => scheduled(call, identity),
        Change::CallStarted { thread } => match &call_of(life, *thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionStarted,
            Resource::Activity { .. } => EventKind::ActivityStarted { worker: None },
            resource @ Resource::Service { .. } => EventKind::TaskStarted(integration(resource)),
        },
        Change::WorkerStarted { worker, .. } => EventKind::ActivityStarted { worker: worker.clone() },
        Change::CallSubmitted { thread, output } => EventKind::TaskSubmitted {
            integration: integration(&call_of(life, *thread)?.task.resource),
            output: output.clone(),
        },
        Change::CallSucceeded { thread, output } => match &call_of(life, *thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionSucceeded { output: output.clone() },
            Resource::Activity { .. } => EventKind::ActivitySucceeded { output: output.clone() },
            resource @ Resource::Service { .. } => EventKind::TaskSucceeded {
                integration: integration(resource),
                output: output.clone(),
            },
        },
        Change::CallFailed { thread, details } => match &call_of(life, *thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionFailed(details.clone()),
            Resource::Activity { .. } => EventKind::ActivityFailed(details.clone()),
            resource @ Resource::Service { .. } => EventKind::TaskFailed {
                integration: integration(resource),
                details: details.clone(),
            },
        },
        Change::CallTimedOut { thread, details } => match &call_of(life, *thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionTimedOut(details.clone()),
            Resource::Activity { .. } => EventKind::ActivityTimedOut(details.clone()),
            resource @ Resource::Service { .. } => EventKind::TaskTimedOut {
                integration: integration(resource),
                details: details.clone(),
            },
        },
        Change::BlockStarted { block, .. } => match &block.map {
            None => EventKind::ParallelStateStarted,
            Some(map) => EventKind::MapStateStarted {
                length: map.items.len() as u64,
            },
        },
        Change::MapRunStarted { run, .. } => EventKind::MapRunStarted {
            map_run_arn: run.arn.clone(),
        },
        Change::IterationStarted { parent, index, .. } => EventKind::MapIterationStarted(Iteration {
            name: life.visit(*parent)?.state.name.clone(),
            index: *index as u64,
        }),
        Change::IterationSucceeded { thread, .. } => EventKind::MapIterationSucceeded(iteration(life, *thread)?),
        Change::IterationFailed { thread } => EventKind::MapIterationFailed(iteration(life, *thread)?),
        Change::IterationAborted { thread } => EventKind::MapIterationAborted(iteration(life, *thread)?),
        Change::MapRunSucceeded { .. } => EventKind::MapRunSucceeded,
        Change::MapRunFailed { details, .. } => EventKind::MapRunFailed(details.clone()),
        Change::MapRunAborted { .. } => EventKind::MapRunAborted,
        Change::MapRunRedriven { thread } => EventKind::MapRunRedriven {
            map_run_arn: life.visit(*thread)?.run()?.arn.clone(),
            redrive_count: life.visit(*thread)?.run()?.redrives + 1,
        },
        Change::ChildStarted { child, .. } => EventKind::ExecutionStarted {
            input: child.input.clone(),
            role_arn: identity.role_arn.clone(),
        },
        Change::ChildEnded { outcome, .. } => ended(outcome),
        Change::ChildRedriven { thread } => EventKind::ExecutionRedriven {
            redrive_count: life.threads.get(thread)?.child.as_ref()?.redrives + 1,
        },
        Change::BlockSucceeded { thread, .. } => match life.visit(*thread)?.processor() {
            None => EventKind::ParallelStateSucceeded,
            Some(_) => EventKind::MapStateSucceeded,
        },
        Change::BlockFailed { thread } => match life.visit(*thread)?.processor() {
            None => EventKind::ParallelStateFailed,
            Some(_) => EventKind::MapStateFailed,
        },
        Change::ActivitiesMissing { .. }
        | Change::RetryArmed { .. }
        | Change::RetryBegun { .. }
        | Change::Halted { .. }
        | Change::Revived { .. }
        | Change::WaitArmed { .. }
        | Change::HeartbeatTaken { .. }
        | Change::TimeoutRestarted { .. }
        | Change::BranchOpened { .. }
        | Change::BranchSucceeded { .. }
        | Change::BranchFailed { .. }
        | Change::ChildQueued { .. }
        | Change::ChildReplaced { .. }
        | Change::MapRunUpdated { .. }
        | Change::BlockCleared { .. } => return None,
    })
}

fn ended(outcome: &Outcome) -> EventKind {
    match outcome {
        Outcome::Succeeded { output } => EventKind::ExecutionSucceeded { output: output.clone() },
        Outcome::Failed { error, cause } => EventKind::ExecutionFailed(ErrorDetails {
            error: error.clone(),
            cause: cause.clone(),
        }),
        Outcome::TimedOut => EventKind::ExecutionTimedOut(ErrorDetails::default()),
        Outcome::Aborted { error, cause } => EventKind::ExecutionAborted(ErrorDetails {
            error: error.clone(),
            cause: cause.clone(),
        }),
    }
}

fn call_of(life: &Life, thread: ThreadId) -> Option<&Call> {
    life.visit(thread)?.call()
}

fn scheduled(call: &Call, identity: &Identity) -> EventKind {
    let task = &call.task;
    match &task.resource {
        Resource::Function { arn } => EventKind::LambdaFunctionScheduled {
            resource: arn.clone(),
            input: task.arguments.clone(),
            timeout_seconds: task.timeout_seconds,
        },
        Resource::Activity { arn } => EventKind::ActivityScheduled {
            resource: arn.clone(),
            input: task.arguments.clone(),
            timeout_seconds: task.timeout_seconds,
            heartbeat_seconds: task.heartbeat_seconds,
        },
        resource @ Resource::Service { .. } => EventKind::TaskScheduled {
            integration: integration(resource),
            region: region(identity),
            parameters: task.arguments.clone(),
            timeout_seconds: task.timeout_seconds,
            heartbeat_seconds: task.heartbeat_seconds,
            role_arn: task
                .credentials
                .as_ref()
                .and_then(|c| Some(c.get("RoleArn")?.as_str()?.to_owned())),
        },
    }
}

/// The fourth part of the machine's ARN.
fn region(identity: &Identity) -> Arc<str> {
    identity.machine_arn.split(':').nth(3).unwrap_or_default().into()
}

/// `resourceType` and `resource`; for a function or an activity, which have events of their own, its ARN.
fn integration(resource: &Resource) -> Integration {
    match resource {
        Resource::Function { arn } => Integration {
            service: "lambda".to_owned(),
            action: arn.clone(),
        },
        Resource::Activity { arn } => Integration {
            service: "states".to_owned(),
            action: arn.clone(),
        },
        Resource::Service {
            service,
            action,
            pattern,
            ..
        } => {
            let suffix = match pattern {
                IntegrationPattern::RequestResponse => "",
                IntegrationPattern::Sync => ".sync",
                IntegrationPattern::Sync2 => ".sync:2",
                IntegrationPattern::WaitForTaskToken => ".waitForTaskToken",
            };
            Integration {
                service: service.clone(),
                action: format!("{action}{suffix}"),
            }
        }
    }
}

fn iteration(life: &Life, thread: ThreadId) -> Option<Iteration> {
    let seat = life.threads.get(&thread)?.seat?;
    Some(Iteration {
        name: life.visit(seat.parent)?.state.name.clone(),
        index: seat.index as u64,
    })
}
