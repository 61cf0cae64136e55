//! The errors from before a function or a task runs.

use std::path::PathBuf;

/// The reason why a function could not be added or changed, or a task not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The name is taken.
    #[error("function {0} exists already; update or remove it first")]
    FunctionExists(String),
    /// No such function.
    #[error("function {0} does not exist")]
    FunctionNotFound(String),
    /// The name is not one that Lambda allows.
    #[error("{0:?} is no function name: it takes 1 to 64 letters, digits, - and _")]
    InvalidName(String),
    /// The program is missing or cannot be run.
    #[error("function {function}: cannot run {}: {reason}", path.display())]
    Binary {
        /// The function.
        function: String,
        /// The program.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
    /// A container's program is missing or cannot be run.
    #[error("service {service}: the container {container} cannot run {}: {reason}", path.display())]
    Container {
        /// The service.
        service: String,
        /// The container.
        container: String,
        /// The program.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
    /// The timeout is zero or longer than Lambda allows.
    #[error("function {function}: a timeout of {seconds} s is outside 1 to 900 s")]
    InvalidTimeout {
        /// The function.
        function: String,
        /// The timeout asked for.
        seconds: u64,
    },
    /// The log directory cannot be made or its writer not started.
    #[error("cannot keep function logs in {}: {source}", path.display())]
    LogDirectory {
        /// The directory.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The host is stopping.
    #[error("the Lambda host is shutting down")]
    ShuttingDown,
}

/// The reason why an invocation was not run. What a function itself does wrong is a
/// [`FunctionError`](crate::FunctionError) in the output, not one of these.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvokeError {
    /// `ResourceNotFoundException`.
    #[error("Function not found: {0}")]
    ResourceNotFound(String),
    /// `TooManyRequestsException`.
    #[error("Rate Exceeded.")]
    TooManyRequests(ThrottleReason),
    /// `RequestTooLargeException`.
    #[error("{size} byte payload is too large for the RequestResponse invocation type (limit {limit} bytes)")]
    RequestTooLarge {
        /// The payload's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// `ServiceException`: the host stopped or the function was removed while the request waited.
    #[error("the request to function {0} was given up: the function was removed or the host is stopping")]
    Stopped(String),
}

/// The `Reason` of a `TooManyRequestsException`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleReason {
    /// The function's reserved concurrency is used up.
    ReservedFunctionConcurrentInvocationLimitExceeded,
    /// No instance was free in time, or would have been: too many requests wait for one. Or the account's concurrency is used up.
    ConcurrentInvocationLimitExceeded,
    /// More requests a second than the function's reserved concurrency allows.
    ReservedFunctionInvocationRateLimitExceeded,
    /// More requests a second than the account's concurrency allows.
    FunctionInvocationRateLimitExceeded,
}

impl ThrottleReason {
    /// The reason as the Lambda API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
            Self::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            Self::ReservedFunctionInvocationRateLimitExceeded => "ReservedFunctionInvocationRateLimitExceeded",
            Self::FunctionInvocationRateLimitExceeded => "FunctionInvocationRateLimitExceeded",
        }
    }
}
