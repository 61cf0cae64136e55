//! Why a task failed, as `ErrorEquals` and the history see it.

use crate::endpoint::ApiError;

/// The most bytes of a task's result.
pub(super) const MAX_RESULT: usize = 262_144;

/// The most characters of an error's name.
const MAX_ERROR: usize = 256;
/// The most characters of a cause.
const MAX_CAUSE: usize = 32_768;

fn cut(text: &mut String, characters: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
}

/// An error name and its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TaskFailure {
    pub(super) error: String,
    pub(super) cause: String,
}

impl TaskFailure {
    pub(super) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        let (mut error, mut cause) = (error.into(), cause.into());
        cut(&mut error, MAX_ERROR);
        cut(&mut cause, MAX_CAUSE);
        Self { error, cause }
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
