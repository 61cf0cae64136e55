//! Results of tasks, as facts.

use std::sync::Arc;

use sluice_engine::{AttemptId, Fact};

use crate::TaskResult;

/// The execution whose end is the result.
pub(super) fn job_of(result: &TaskResult) -> Option<String> {
    match result {
        TaskResult::Job { execution, .. } => Some(execution.clone()),
        TaskResult::Succeeded(_) | TaskResult::Failed { .. } | TaskResult::Submitted(_) => None,
    }
}

/// The fact that an answer of the runner is.
pub(super) fn fact_of(attempt: AttemptId, result: TaskResult) -> Fact {
    match result {
        TaskResult::Succeeded(output) => Fact::TaskSucceeded {
            attempt,
            output: Arc::new(output),
        },
        TaskResult::Failed { error, cause } => Fact::TaskFailed {
            attempt,
            error: Some(error),
            cause: Some(cause),
        },
        TaskResult::Submitted(output) | TaskResult::Job { output, .. } => Fact::TaskSubmitted {
            attempt,
            output: Arc::new(output),
        },
    }
}
