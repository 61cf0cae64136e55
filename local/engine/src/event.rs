//! History events, as GetExecutionHistory tells them.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

mod json;

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::{StateKind, Variables};

use crate::Timestamp;

/// One event of an execution's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// Its number: 1 for the first, without gaps.
    pub id: u64,
    /// The event that led to it; 0 for none.
    pub previous_event_id: u64,
    /// Its time, in milliseconds since 1970.
    pub timestamp: Timestamp,
    /// The event, as AWS names it.
    pub kind: EventKind,
}

/// The types of states that have `…StateEntered` events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the language's
pub enum StateType {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl StateType {
    /// The type of a state.
    pub(crate) fn of(kind: &StateKind) -> Self {
        match kind {
            StateKind::Pass(_) => Self::Pass,
            StateKind::Task(_) => Self::Task,
            StateKind::Choice(_) => Self::Choice,
            StateKind::Wait(_) => Self::Wait,
            StateKind::Succeed(_) => Self::Succeed,
            StateKind::Fail(_) => Self::Fail,
            StateKind::Parallel(_) => Self::Parallel,
            StateKind::Map(_) => Self::Map,
        }
    }
}

/// An error with its cause, either of which may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorDetails {
    /// At most 256 characters.
    pub error: Option<String>,
    /// At most 32,768 characters.
    pub cause: Option<String>,
}

/// The `resourceType` and `resource` of a service integration's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// `resourceType`: `lambda`, `sns`, `aws-sdk:dynamodb`.
    pub service: String,
    /// `resource`: `invoke`, `publish`, `startExecution.sync:2`, `invoke.waitForTaskToken`.
    pub action: String,
}

/// One iteration of an inline Map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iteration {
    /// The Map state.
    pub name: Arc<str>,
    /// The item's number, from 0.
    pub index: u64,
}

/// The type of an event, as AWS names it, with its details.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // names and members are AWS's
pub enum EventKind {
    ExecutionStarted {
        input: Arc<Value>,
        role_arn: Arc<str>,
    },
    ExecutionSucceeded {
        output: Arc<Value>,
    },
    ExecutionFailed(ErrorDetails),
    ExecutionTimedOut(ErrorDetails),
    ExecutionAborted(ErrorDetails),
    ExecutionRedriven {
        redrive_count: u64,
    },
    StateEntered {
        state: StateType,
        name: Arc<str>,
        input: Arc<Value>,
    },
    StateExited {
        state: StateType,
        name: Arc<str>,
        output: Arc<Value>,
        assigned: Option<Arc<Variables>>,
    },
    /// `TaskStateAborted`, `WaitStateAborted`, `ParallelStateAborted` or `MapStateAborted`.
    StateAborted {
        state: StateType,
    },
    EvaluationFailed {
        state: Arc<str>,
        error: String,
        cause: String,
        location: Option<String>,
    },
    LambdaFunctionScheduled {
        resource: String,
        input: Arc<Value>,
        timeout_seconds: Option<u64>,
    },
    LambdaFunctionStarted,
    LambdaFunctionSucceeded {
        output: Arc<Value>,
    },
    LambdaFunctionFailed(ErrorDetails),
    LambdaFunctionTimedOut(ErrorDetails),
    ActivityScheduled {
        resource: String,
        input: Arc<Value>,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    },
    ActivityStarted {
        worker: Option<String>,
    },
    ActivitySucceeded {
        output: Arc<Value>,
    },
    ActivityFailed(ErrorDetails),
    ActivityTimedOut(ErrorDetails),
    TaskScheduled {
        integration: Integration,
        region: Arc<str>,
        parameters: Arc<Value>,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
        /// `taskCredentials.roleArn`.
        role_arn: Option<String>,
    },
    TaskStarted(Integration),
    TaskSubmitted {
        integration: Integration,
        output: Arc<Value>,
    },
    TaskSucceeded {
        integration: Integration,
        output: Arc<Value>,
    },
    TaskFailed {
        integration: Integration,
        details: ErrorDetails,
    },
    TaskTimedOut {
        integration: Integration,
        details: ErrorDetails,
    },
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    MapStateStarted {
        length: u64,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted(Iteration),
    MapIterationSucceeded(Iteration),
    MapIterationFailed(Iteration),
    MapIterationAborted(Iteration),
    MapRunStarted {
        map_run_arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed(ErrorDetails),
    MapRunAborted,
    MapRunRedriven {
        map_run_arn: Arc<str>,
        redrive_count: u64,
    },
}
