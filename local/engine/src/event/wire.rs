//! Events as JSON: member for member what AWS's API sends.

use serde_json::{Map, Number, Value, json};
use sluice_asl::Variables;

use super::{ErrorDetails, EventKind, HistoryEvent, Integration, Iteration, StateType};

impl StateType {
    /// `Pass`, `Task`, …: as in a definition and in `PassStateEntered`.
    pub fn as_str(self) -> &'static str {
        match self {
            StateType::Pass => "Pass",
            StateType::Task => "Task",
            StateType::Choice => "Choice",
            StateType::Wait => "Wait",
            StateType::Succeed => "Succeed",
            StateType::Fail => "Fail",
            StateType::Parallel => "Parallel",
            StateType::Map => "Map",
        }
    }
}

impl HistoryEvent {
    /// The event as GetExecutionHistory sends it: `timestamp` in epoch seconds with milliseconds, payloads as JSON
    /// text. Without `include_data` inputs, outputs, errors' causes and assigned variables are left out, as with
    /// `includeExecutionData: false`.
    pub fn to_json(&self, include_data: bool) -> Value {
        let mut event = Map::new();
        event.insert("timestamp".to_owned(), epoch_seconds(self.timestamp));
        event.insert("type".to_owned(), Value::String(self.kind.type_name()));
        event.insert("id".to_owned(), self.id.into());
        event.insert("previousEventId".to_owned(), self.previous_event_id.into());
        if let Some((key, details)) = self.kind.details(include_data) {
            event.insert(key.to_owned(), Value::Object(details));
        }
        Value::Object(event)
    }
}

/// Milliseconds as the seconds that AWS's JSON protocol uses for timestamps.
fn epoch_seconds(millis: i64) -> Value {
    if millis % 1000 == 0 {
        return (millis / 1000).into();
    }
    Number::from_f64(millis as f64 / 1000.0).map_or(Value::Null, Value::Number)
}

/// The members of one details object.
struct Details {
    members: Map<String, Value>,
    include_data: bool,
}

impl Details {
    fn new(include_data: bool) -> Self {
        Self {
            members: Map::new(),
            include_data,
        }
    }

    fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.members.insert(key.to_owned(), value.into());
        self
    }

    fn set_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    /// A payload as JSON text with its `…Details`.
    fn payload(self, key: &str, value: &Value) -> Self {
        if !self.include_data {
            return self;
        }
        self.set(key, value.to_string())
            .set(&format!("{key}Details"), json!({ "truncated": false }))
    }

    fn errors(self, details: &ErrorDetails) -> Self {
        let this = self.set_some("error", details.error.clone());
        if this.include_data {
            this.set_some("cause", details.cause.clone())
        } else {
            this
        }
    }

    fn assigned(self, variables: &Variables) -> Self {
        if !self.include_data {
            return self;
        }
        let texts: Map<String, Value> = variables
            .iter()
            .map(|(name, value)| (name.to_string(), Value::String(value.to_string())))
            .collect();
        self.set("assignedVariables", texts)
            .set("assignedVariablesDetails", json!({ "truncated": false }))
    }

    fn integration(self, integration: &Integration) -> Self {
        self.set("resourceType", integration.service.as_str())
            .set("resource", integration.action.as_str())
    }

    fn iteration(self, iteration: &Iteration) -> Self {
        self.set("name", iteration.name.as_ref()).set("index", iteration.index)
    }
}

impl EventKind {
    /// The event's `type`: `PassStateEntered`, `TaskScheduled`.
    pub fn type_name(&self) -> String {
        match self {
            EventKind::StateEntered { state, .. } => return format!("{}StateEntered", state.as_str()),
            EventKind::StateExited { state, .. } => return format!("{}StateExited", state.as_str()),
            EventKind::StateAborted { state } => return format!("{}StateAborted", state.as_str()),
            EventKind::ExecutionStarted { .. } => "ExecutionStarted",
            EventKind::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            EventKind::ExecutionFailed(_) => "ExecutionFailed",
            EventKind::ExecutionTimedOut(_) => "ExecutionTimedOut",
            EventKind::ExecutionAborted(_) => "ExecutionAborted",
            EventKind::ExecutionRedriven { .. } => "ExecutionRedriven",
            EventKind::EvaluationFailed { .. } => "EvaluationFailed",
            EventKind::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            EventKind::LambdaFunctionStarted => "LambdaFunctionStarted",
            EventKind::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            EventKind::LambdaFunctionFailed(_) => "LambdaFunctionFailed",
            EventKind::LambdaFunctionTimedOut(_) => "LambdaFunctionTimedOut",
            EventKind::ActivityScheduled { .. } => "ActivityScheduled",
            EventKind::ActivityStarted { .. } => "ActivityStarted",
            EventKind::ActivitySucceeded { .. } => "ActivitySucceeded",
            EventKind::ActivityFailed(_) => "ActivityFailed",
            EventKind::ActivityTimedOut(_) => "ActivityTimedOut",
            EventKind::TaskScheduled { .. } => "TaskScheduled",
            EventKind::TaskStarted(_) => "TaskStarted",
            EventKind::TaskSubmitted { .. } => "TaskSubmitted",
            EventKind::TaskSucceeded { .. } => "TaskSucceeded",
            EventKind::TaskFailed { .. } => "TaskFailed",
            EventKind::TaskTimedOut { .. } => "TaskTimedOut",
            EventKind::ParallelStateStarted => "ParallelStateStarted",
            EventKind::ParallelStateSucceeded => "ParallelStateSucceeded",
            EventKind::ParallelStateFailed => "ParallelStateFailed",
            EventKind::MapStateStarted { .. } => "MapStateStarted",
            EventKind::MapStateSucceeded => "MapStateSucceeded",
            EventKind::MapStateFailed => "MapStateFailed",
            EventKind::MapIterationStarted(_) => "MapIterationStarted",
            EventKind::MapIterationSucceeded(_) => "MapIterationSucceeded",
            EventKind::MapIterationFailed(_) => "MapIterationFailed",
            EventKind::MapIterationAborted(_) => "MapIterationAborted",
            EventKind::MapRunStarted { .. } => "MapRunStarted",
            EventKind::MapRunSucceeded => "MapRunSucceeded",
            EventKind::MapRunFailed(_) => "MapRunFailed",
            EventKind::MapRunAborted => "MapRunAborted",
            EventKind::MapRunRedriven { .. } => "MapRunRedriven",
        }
        .to_owned()
    }

    /// The name of the details member and its content; `None` for the types that have none.
    fn details(&self, include_data: bool) -> Option<(&'static str, Map<String, Value>)> {
        let d = Details::new(include_data);
        let (key, details) = match self {
            EventKind::ExecutionStarted { input, role_arn } => (
                "executionStartedEventDetails",
                d.payload("input", input).set("roleArn", role_arn.as_ref()),
            ),
            EventKind::ExecutionSucceeded { output } => ("executionSucceededEventDetails", d.payload("output", output)),
            EventKind::ExecutionFailed(e) => ("executionFailedEventDetails", d.errors(e)),
            EventKind::ExecutionTimedOut(e) => ("executionTimedOutEventDetails", d.errors(e)),
            EventKind::ExecutionAborted(e) => ("executionAbortedEventDetails", d.errors(e)),
            EventKind::ExecutionRedriven { redrive_count } => {
                ("executionRedrivenEventDetails", d.set("redriveCount", *redrive_count))
            }
            EventKind::StateEntered { name, input, .. } => (
                "stateEnteredEventDetails",
                d.set("name", name.as_ref()).payload("input", input),
            ),
            EventKind::StateExited {
                name, output, assigned, ..
            } => {
                let d = d.set("name", name.as_ref()).payload("output", output);
                (
                    "stateExitedEventDetails",
                    if let Some(assigned) = assigned {
                        d.assigned(assigned)
                    } else {
                        d
                    },
                )
            }
            EventKind::EvaluationFailed {
                state,
                error,
                cause,
                location,
            } => {
                let d = d.set("state", state.as_ref()).set("error", error.as_str());
                let d = if include_data {
                    d.set("cause", cause.as_str())
                } else {
                    d
                };
                ("evaluationFailedEventDetails", d.set_some("location", location.clone()))
            }
            EventKind::LambdaFunctionScheduled {
                resource,
                input,
                timeout_seconds,
            } => (
                "lambdaFunctionScheduledEventDetails",
                d.set("resource", resource.as_str())
                    .payload("input", input)
                    .set_some("timeoutInSeconds", *timeout_seconds),
            ),
            EventKind::LambdaFunctionSucceeded { output } => {
                ("lambdaFunctionSucceededEventDetails", d.payload("output", output))
            }
            EventKind::LambdaFunctionFailed(e) => ("lambdaFunctionFailedEventDetails", d.errors(e)),
            EventKind::LambdaFunctionTimedOut(e) => ("lambdaFunctionTimedOutEventDetails", d.errors(e)),
            EventKind::ActivityScheduled {
                resource,
                input,
                timeout_seconds,
                heartbeat_seconds,
            } => (
                "activityScheduledEventDetails",
                d.set("resource", resource.as_str())
                    .payload("input", input)
                    .set_some("timeoutInSeconds", *timeout_seconds)
                    .set_some("heartbeatInSeconds", *heartbeat_seconds),
            ),
            EventKind::ActivityStarted { worker } => {
                ("activityStartedEventDetails", d.set_some("workerName", worker.clone()))
            }
            EventKind::ActivitySucceeded { output } => ("activitySucceededEventDetails", d.payload("output", output)),
            EventKind::ActivityFailed(e) => ("activityFailedEventDetails", d.errors(e)),
            EventKind::ActivityTimedOut(e) => ("activityTimedOutEventDetails", d.errors(e)),
            EventKind::TaskScheduled {
                integration,
                region,
                parameters,
                timeout_seconds,
                heartbeat_seconds,
                role_arn,
            } => {
                let d = d.integration(integration).set("region", region.as_ref());
                let d = if include_data {
                    d.set("parameters", parameters.to_string())
                } else {
                    d
                };
                (
                    "taskScheduledEventDetails",
                    d.set_some("timeoutInSeconds", *timeout_seconds)
                        .set_some("heartbeatInSeconds", *heartbeat_seconds)
                        .set_some(
                            "taskCredentials",
                            role_arn.as_ref().map(|arn| json!({ "roleArn": arn })),
                        ),
                )
            }
            EventKind::TaskStarted(integration) => ("taskStartedEventDetails", d.integration(integration)),
            EventKind::TaskSubmitted { integration, output } => (
                "taskSubmittedEventDetails",
                d.integration(integration).payload("output", output),
            ),
            EventKind::TaskSucceeded { integration, output } => (
                "taskSucceededEventDetails",
                d.integration(integration).payload("output", output),
            ),
            EventKind::TaskFailed { integration, details } => {
                ("taskFailedEventDetails", d.integration(integration).errors(details))
            }
            EventKind::TaskTimedOut { integration, details } => {
                ("taskTimedOutEventDetails", d.integration(integration).errors(details))
            }
            EventKind::MapStateStarted { length } => ("mapStateStartedEventDetails", d.set("length", *length)),
            EventKind::MapIterationStarted(i) => ("mapIterationStartedEventDetails", d.iteration(i)),
            EventKind::MapIterationSucceeded(i) => ("mapIterationSucceededEventDetails", d.iteration(i)),
            EventKind::MapIterationFailed(i) => ("mapIterationFailedEventDetails", d.iteration(i)),
            EventKind::MapIterationAborted(i) => ("mapIterationAbortedEventDetails", d.iteration(i)),
            EventKind::MapRunStarted { map_run_arn } => {
                ("mapRunStartedEventDetails", d.set("mapRunArn", map_run_arn.as_ref()))
            }
            EventKind::MapRunFailed(e) => ("mapRunFailedEventDetails", d.errors(e)),
            EventKind::MapRunRedriven {
                map_run_arn,
                redrive_count,
            } => (
                "mapRunRedrivenEventDetails",
                d.set("mapRunArn", map_run_arn.as_ref())
                    .set("redriveCount", *redrive_count),
            ),
            EventKind::StateAborted { .. }
            | EventKind::LambdaFunctionStarted
            | EventKind::ParallelStateStarted
            | EventKind::ParallelStateSucceeded
            | EventKind::ParallelStateFailed
            | EventKind::MapStateSucceeded
            | EventKind::MapStateFailed
            | EventKind::MapRunSucceeded
            | EventKind::MapRunAborted => return None,
        };
        Some((key, details.members))
    }
}
