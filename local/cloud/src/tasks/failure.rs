//! Why a task failed, as `ErrorEquals` and the history see it.

use crate::endpoint::ApiError;

/// The most bytes of a task's result.
pub(super) const MAX_RESULT: usize = 262_144;

/// An error name and its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TaskFailure {
    pub(super) error: String,
    pub(super) cause: String,
}

impl TaskFailure {
    pub(super) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            cause: cause.into(),
        }
    }

    /// The definition asks for something that cannot be.
    pub(super) fn runtime(cause: impl Into<String>) -> Self {
        Self::new("States.Runtime", cause)
    }

    /// A service refused the call: its exception behind the integration's prefix, and the cause as the AWS SDK for Java
    /// words it.
    pub(super) fn service(prefix: &str, service: &str, error: &ApiError, request_id: &str) -> Self {
        let cause = format!(
            "{} (Service: {service}; Status Code: {}; Error Code: {}; Request ID: {request_id}; Proxy: null)",
            error.message,
            error.status.as_u16(),
            error.code
        );
        Self::new(format!("{prefix}.{}", error.code), cause)
    }

    /// A result beyond 262,144 bytes.
    pub(super) fn too_large(task: &str) -> Self {
        Self::new(
            "States.DataLimitExceeded",
            format!(
                "The state/task '{task}' returned a result with a size exceeding the maximum number of bytes service limit."
            ),
        )
    }
}
