//! Lambda's exceptions.

use axum::http::StatusCode;
use sluice_host::{InvokeError, ThrottleReason};
use sluice_wire::ApiError;

/// Lambda's exceptions. A failure of the function itself is no error of the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LambdaError {
    /// No function of this name.
    #[error("Function not found: {arn}")]
    FunctionNotFound {
        /// The function asked for.
        arn: String,
    },
    /// The function has no such part.
    #[error("The resource you requested does not exist.")]
    NoResource,
    /// The function has no room for the call.
    #[error("Rate Exceeded.")]
    TooManyRequests(ThrottleReason),
    /// The event is too long.
    #[error("Request must be smaller than {limit} bytes for the InvokeFunction operation")]
    RequestTooLarge {
        /// The most bytes of an event.
        limit: usize,
    },
    /// The event or the client context is not JSON.
    #[error("Could not parse request body into json: {0}")]
    InvalidRequestContent(String),
    /// A parameter's value is not valid.
    #[error("{0}")]
    InvalidParameter(String),
    /// The call was not carried out, because the host or the function is going.
    #[error("The function was removed or the host is stopping; try again")]
    Stopped,
    /// The other endpoint did not answer.
    #[error("The Lambda endpoint behind this one failed: {0}")]
    Unreachable(String),
    /// The exception of another Lambda endpoint.
    #[error("{message}")]
    Remote {
        /// The HTTP status.
        status: u16,
        /// The exception's name.
        code: String,
        /// Its message.
        message: String,
    },
}

impl LambdaError {
    /// The exception's name.
    pub fn code(&self) -> &str {
        match self {
            Self::FunctionNotFound { .. } | Self::NoResource => "ResourceNotFoundException",
            Self::TooManyRequests(_) => "TooManyRequestsException",
            Self::RequestTooLarge { .. } => "RequestTooLargeException",
            Self::InvalidRequestContent(_) => "InvalidRequestContentException",
            Self::InvalidParameter(_) => "InvalidParameterValueException",
            Self::Stopped | Self::Unreachable(_) => "ServiceException",
            Self::Remote { code, .. } => code,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::FunctionNotFound { .. } | Self::NoResource => StatusCode::NOT_FOUND,
            Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::RequestTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InvalidRequestContent(_) | Self::InvalidParameter(_) => StatusCode::BAD_REQUEST,
            Self::Stopped | Self::Unreachable(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Remote { status, .. } => StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY),
        }
    }
}

impl From<LambdaError> for ApiError {
    fn from(error: LambdaError) -> Self {
        let reason = match &error {
            LambdaError::TooManyRequests(reason) => Some(reason.as_str()),
            _ => None,
        };
        Self {
            reason,
            ..Self::client(error.code().to_owned(), error.to_string()).status(error.status())
        }
    }
}

impl From<InvokeError> for LambdaError {
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::ResourceNotFound(arn) => Self::FunctionNotFound { arn },
            InvokeError::TooManyRequests(reason) => Self::TooManyRequests(reason),
            InvokeError::RequestTooLarge { limit, .. } => Self::RequestTooLarge { limit },
            InvokeError::Stopped(_) => Self::Stopped,
        }
    }
}
