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
    ///
    /// ```
    /// use serde_json::json;
    /// use sluice_engine::{EventKind, HistoryEvent};
    ///
    /// let event = HistoryEvent {
    ///     id: 1,
    ///     previous_event_id: 0,
    ///     timestamp: 1_500,
    ///     kind: EventKind::MapStateStarted { length: 3 },
    /// };
    /// assert_eq!(
    ///     event.to_json(true),
    ///     json!({ "timestamp": 1.5, "type": "MapStateStarted", "id": 1, "previousEventId": 0,
    ///         "mapStateStartedEventDetails": { "length": 3 } }),
    /// );
    /// ```
    pub fn to_json(&self, include_data: bool) -> Value {
        let mut event = Map::new();
        event.insert("timestamp".to_owned(), epoch_seconds(self.timestamp));
        event.insert("type".to_owned(), Value::String(self.kind.type_name()));
        event.insert("id".to_owned(), self.id.into());
        event.insert("previousEventId".to_owned(), self.previous_event_id.into());
        if let Some(details) = self.kind.details(Details::new(include_data)) {
            event.insert(self.kind.details_key(), Value::Object(details.members));
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

    /// A text that is left out where execution data is.
    fn data(self, key: &str, text: impl Into<Value>) -> Self {
        if self.include_data { self.set(key, text) } else { self }
    }

    fn times(self, timeout_seconds: Option<u64>, heartbeat_seconds: Option<u64>) -> Self {
        self.set_some("timeoutInSeconds", timeout_seconds)
            .set_some("heartbeatInSeconds", heartbeat_seconds)
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

    /// The name of the member that holds the details: `stateEnteredEventDetails`, `taskScheduledEventDetails`.
    fn details_key(&self) -> String {
        let mut key = match self {
            // one name for all types of states
            EventKind::StateEntered { .. } => "StateEntered".to_owned(),
            EventKind::StateExited { .. } => "StateExited".to_owned(),
            _ => self.type_name(),
        };
        if let Some(first) = key.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        key.push_str("EventDetails");
        key
    }

    /// The details; `None` for the types that have none.
    fn details(&self, d: Details) -> Option<Details> {
        Some(match self {
            EventKind::ExecutionStarted { input, role_arn } => {
                d.payload("input", input).set("roleArn", role_arn.as_ref())
            }
            EventKind::ExecutionSucceeded { output }
            | EventKind::LambdaFunctionSucceeded { output }
            | EventKind::ActivitySucceeded { output } => d.payload("output", output),
            EventKind::ExecutionFailed(e)
            | EventKind::ExecutionTimedOut(e)
            | EventKind::ExecutionAborted(e)
            | EventKind::LambdaFunctionFailed(e)
            | EventKind::LambdaFunctionTimedOut(e)
            | EventKind::ActivityFailed(e)
            | EventKind::ActivityTimedOut(e)
            | EventKind::MapRunFailed(e) => d.errors(e),
            EventKind::ExecutionRedriven { redrive_count } => d.set("redriveCount", *redrive_count),
            EventKind::StateEntered { name, input, .. } => d.set("name", name.as_ref()).payload("input", input),
            EventKind::StateExited {
                name, output, assigned, ..
            } => {
                let d = d.set("name", name.as_ref()).payload("output", output);
                match assigned {
                    Some(assigned) => d.assigned(assigned),
                    None => d,
                }
            }
            EventKind::EvaluationFailed {
                state,
                error,
                cause,
                location,
            } => {
                let d = d.set("state", state.as_ref()).set("error", error.as_str());
                d.data("cause", cause.as_str()).set_some("location", location.clone())
            }
            EventKind::LambdaFunctionScheduled { .. }
            | EventKind::ActivityScheduled { .. }
            | EventKind::TaskScheduled { .. } => return self.call_details(d),
            EventKind::ActivityStarted { worker } => d.set_some("workerName", worker.clone()),
            EventKind::TaskStarted(integration) => d.integration(integration),
            EventKind::TaskSubmitted { integration, output } | EventKind::TaskSucceeded { integration, output } => {
                d.integration(integration).payload("output", output)
            }
            EventKind::TaskFailed { integration, details } | EventKind::TaskTimedOut { integration, details } => {
                d.integration(integration).errors(details)
            }
            EventKind::MapStateStarted { length } => d.set("length", *length),
            EventKind::MapIterationStarted(i)
            | EventKind::MapIterationSucceeded(i)
            | EventKind::MapIterationFailed(i)
            | EventKind::MapIterationAborted(i) => d.iteration(i),
            EventKind::MapRunStarted { map_run_arn } => d.set("mapRunArn", map_run_arn.as_ref()),
            EventKind::MapRunRedriven {
                map_run_arn,
                redrive_count,
            } => d
                .set("mapRunArn", map_run_arn.as_ref())
                .set("redriveCount", *redrive_count),
            EventKind::StateAborted { .. }
            | EventKind::LambdaFunctionStarted
            | EventKind::ParallelStateStarted
            | EventKind::ParallelStateSucceeded
            | EventKind::ParallelStateFailed
            | EventKind::MapStateSucceeded
            | EventKind::MapStateFailed
            | EventKind::MapRunSucceeded
            | EventKind::MapRunAborted => return None,
        })
    }

    /// The details of the events of a call that is to be made.
    fn call_details(&self, d: Details) -> Option<Details> {
        Some(match self {
            EventKind::LambdaFunctionScheduled {
                resource,
                input,
                timeout_seconds,
            } => d
                .set("resource", resource.as_str())
                .payload("input", input)
                .times(*timeout_seconds, None),
            EventKind::ActivityScheduled {
                resource,
                input,
                timeout_seconds,
                heartbeat_seconds,
            } => d
                .set("resource", resource.as_str())
                .payload("input", input)
                .times(*timeout_seconds, *heartbeat_seconds),
            EventKind::TaskScheduled {
                integration,
                region,
                parameters,
                timeout_seconds,
                heartbeat_seconds,
                role_arn,
            } => d
                .integration(integration)
                .set("region", region.as_ref())
                .data("parameters", parameters.to_string())
                .times(*timeout_seconds, *heartbeat_seconds)
                .set_some(
                    "taskCredentials",
                    role_arn.as_ref().map(|arn| json!({ "roleArn": arn })),
                ),
            _ => return None,
        })
    }
}
