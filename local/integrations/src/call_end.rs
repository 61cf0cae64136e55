//! The end of a call.

use serde_json::Value;

use crate::TaskFailure;

/// The end of a call.
pub(crate) enum CallEnd {
    Succeeded(Value),
    Failed(TaskFailure),
    /// The process is going down: the next one sends the task again.
    Interrupted,
}

impl CallEnd {
    /// True when the function had no room for the call.
    pub(crate) fn is_throttled(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.error == "Lambda.TooManyRequestsException")
    }
}

impl From<Result<Value, TaskFailure>> for CallEnd {
    fn from(result: Result<Value, TaskFailure>) -> Self {
        match result {
            Ok(value) => Self::Succeeded(value),
            Err(failure) => Self::Failed(failure),
        }
    }
}
