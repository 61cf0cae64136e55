//! Identities and outcomes of executions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Milliseconds since 1970-01-01T00:00:00Z on the engine's clock, which `sluice clock advance` can move ahead.
pub type Timestamp = i64;

/// The data that never change in the life of an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The journal's number of the execution; part of its task tokens, so that a token finds its execution.
    pub key: u64,
    /// `arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME` (Express: `…:express:MACHINE:NAME:ID`).
    pub arn: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// The state machine's ARN, without version or alias.
    pub machine_arn: Arc<str>,
    /// The state machine's name.
    pub machine_name: Arc<str>,
    /// The role it runs under, as given to CreateStateMachine.
    pub role_arn: Arc<str>,
    /// Express executions have no events in GetExecutionHistory and no `.sync` or callbacks.
    pub express: bool,
}

/// The end of an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// With an output.
    Succeeded {
        /// The output.
        output: Arc<Value>,
    },
    /// By a Fail state or an error that nothing caught.
    Failed {
        /// At most 256 characters.
        error: Option<String>,
        /// At most 32,768 characters.
        cause: Option<String>,
    },
    /// By the machine's `TimeoutSeconds`.
    TimedOut,
    /// By StopExecution.
    Aborted {
        /// At most 256 characters.
        error: Option<String>,
        /// At most 32,768 characters.
        cause: Option<String>,
    },
}

/// The status as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // the names are AWS's
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
    PendingRedrive,
}

impl Status {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Aborted => "ABORTED",
            Status::PendingRedrive => "PENDING_REDRIVE",
        }
    }
}

impl Outcome {
    /// The status that goes with it.
    pub fn status(&self) -> Status {
        match self {
            Outcome::Succeeded { .. } => Status::Succeeded,
            Outcome::Failed { .. } => Status::Failed,
            Outcome::TimedOut => Status::TimedOut,
            Outcome::Aborted { .. } => Status::Aborted,
        }
    }
}
