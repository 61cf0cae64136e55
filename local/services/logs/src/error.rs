//! CloudWatch Logs' exceptions.

use sluice_wire::ApiError;

/// The refusal of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogsError {
    /// No such group.
    #[error("The specified log group does not exist.")]
    NoGroup,
    /// No such stream.
    #[error("The specified log stream does not exist.")]
    NoStream,
    /// A value that is not valid here.
    #[error("{0}")]
    InvalidParameter(String),
}

impl From<LogsError> for ApiError {
    fn from(error: LogsError) -> Self {
        let name = match &error {
            LogsError::NoGroup | LogsError::NoStream => "ResourceNotFoundException",
            LogsError::InvalidParameter(_) => "InvalidParameterException",
        };
        Self::client(name, error.to_string())
    }
}
