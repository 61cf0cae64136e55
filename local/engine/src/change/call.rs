//! Changes of a Task's attempts.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{IntegrationPattern, Resource};

use super::kind::Change;
use super::position::{EventPosition, History, append_event};
use super::structure::close_call;
use crate::event::{ErrorDetails, EventKind, Integration};
use crate::execution_state::{Call, CallStage, ExecutionState, InstanceStatus, ThreadId};
use crate::{Identity, InvariantViolation, Timestamp};

/// An attempt is to be made.
#[derive(Debug, Clone)]
pub(crate) struct CallScheduled {
    pub(crate) thread: ThreadId,
    pub(crate) call: Box<Call>,
}

impl Change for CallScheduled {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, _before: &ExecutionState, identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let task = &self.call.task;
        Ok(Some(match &task.resource {
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
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.instance(self.thread)?;
        let position = append_event(execution, self.thread)?;
        let attempt = self.call.task.attempt;
        execution.instance_mut(self.thread)?.status = InstanceStatus::Calling(self.call);
        execution.next_attempt = attempt.0 + 1;
        execution.open_attempts.insert(attempt, self.thread);
        Ok(Some(position))
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

/// The call of an attempt is under way.
#[derive(Debug, Clone)]
pub(crate) struct CallStarted {
    pub(crate) thread: ThreadId,
}

impl Change for CallStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(match &before.call(self.thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionStarted,
            Resource::Activity { .. } => EventKind::ActivityStarted { worker: None },
            resource @ Resource::Service { .. } => EventKind::TaskStarted(integration(resource)),
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.call(self.thread)?;
        append_event(execution, self.thread).map(Some)
    }
}

/// A worker has taken an activity's task.
#[derive(Debug, Clone)]
pub(crate) struct WorkerStarted {
    pub(crate) thread: ThreadId,
    pub(crate) worker: Option<String>,
    pub(crate) heartbeat_by: Option<Timestamp>,
}

impl Change for WorkerStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, _before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let worker = self.worker.clone();
        Ok(Some(EventKind::ActivityStarted { worker }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.call(self.thread)?;
        let position = append_event(execution, self.thread)?;
        let call = execution.call_mut(self.thread)?;
        call.stage = CallStage::WithWorker;
        call.heartbeat_by = self.heartbeat_by;
        Ok(Some(position))
    }
}

/// The call was accepted; its token or its job is still to end.
#[derive(Debug, Clone)]
pub(crate) struct CallSubmitted {
    pub(crate) thread: ThreadId,
    pub(crate) output: Arc<Value>,
}

impl Change for CallSubmitted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::TaskSubmitted {
            integration: integration(&before.call(self.thread)?.task.resource),
            output: self.output.clone(),
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.call(self.thread)?;
        let position = append_event(execution, self.thread)?;
        let call = execution.call_mut(self.thread)?;
        call.stage = CallStage::Submitted;
        // it is not sent again: a parked execution does not keep what it sent
        call.task.arguments = Arc::new(Value::Null);
        Ok(Some(position))
    }
}

/// A heartbeat has moved its deadline.
#[derive(Debug, Clone)]
pub(crate) struct HeartbeatReceived {
    pub(crate) thread: ThreadId,
    pub(crate) heartbeat_by: Timestamp,
}

impl Change for HeartbeatReceived {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.call_mut(self.thread)?.heartbeat_by = Some(self.heartbeat_by);
        Ok(None)
    }
}

/// The call has its whole time again.
#[derive(Debug, Clone)]
pub(crate) struct TimeoutRestarted {
    pub(crate) thread: ThreadId,
    pub(crate) times_out_at: Option<Timestamp>,
    pub(crate) heartbeat_by: Option<Timestamp>,
}

impl Change for TimeoutRestarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let call = execution.call_mut(self.thread)?;
        (call.times_out_at, call.heartbeat_by) = (self.times_out_at, self.heartbeat_by);
        Ok(None)
    }
}

/// The attempt has ended well.
#[derive(Debug, Clone)]
pub(crate) struct CallSucceeded {
    pub(crate) thread: ThreadId,
    pub(crate) output: Arc<Value>,
}

impl Change for CallSucceeded {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let output = self.output.clone();
        Ok(Some(match &before.call(self.thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionSucceeded { output },
            Resource::Activity { .. } => EventKind::ActivitySucceeded { output },
            resource @ Resource::Service { .. } => EventKind::TaskSucceeded {
                integration: integration(resource),
                output,
            },
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        end_call(execution, self.thread)
    }
}

/// The last event of an attempt that is answered or has timed out.
fn end_call(execution: &mut ExecutionState, thread: ThreadId) -> Result<Option<EventPosition>, InvariantViolation> {
    execution.call(thread)?;
    let position = append_event(execution, thread)?;
    close_call(execution, thread);
    Ok(Some(position))
}

/// The attempt has failed.
#[derive(Debug, Clone)]
pub(crate) struct CallFailed {
    pub(crate) thread: ThreadId,
    pub(crate) details: ErrorDetails,
}

impl Change for CallFailed {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let details = self.details.clone();
        Ok(Some(match &before.call(self.thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionFailed(details),
            Resource::Activity { .. } => EventKind::ActivityFailed(details),
            resource @ Resource::Service { .. } => EventKind::TaskFailed {
                integration: integration(resource),
                details,
            },
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        end_call(execution, self.thread)
    }
}

/// The attempt has run out of time.
#[derive(Debug, Clone)]
pub(crate) struct CallTimedOut {
    pub(crate) thread: ThreadId,
    pub(crate) details: ErrorDetails,
}

impl Change for CallTimedOut {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let details = self.details.clone();
        Ok(Some(match &before.call(self.thread)?.task.resource {
            Resource::Function { .. } => EventKind::LambdaFunctionTimedOut(details),
            Resource::Activity { .. } => EventKind::ActivityTimedOut(details),
            resource @ Resource::Service { .. } => EventKind::TaskTimedOut {
                integration: integration(resource),
                details,
            },
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        end_call(execution, self.thread)
    }
}
