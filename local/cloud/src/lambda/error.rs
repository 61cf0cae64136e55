//! Lambda's exceptions, from whatever went wrong.

use axum::http::StatusCode;
use sluice_host::{InvokeError, ThrottleReason};

use crate::endpoint::ApiError;

/// Why a call was refused or could not be made. What a function itself does wrong is no error of the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LambdaError {
    #[error("Function not found: {arn}")]
    FunctionNotFound { arn: String },
    #[error("The resource you requested does not exist.")]
    NoResource,
    #[error("Rate Exceeded.")]
    TooManyRequests(ThrottleReason),
    #[error("Request must be smaller than {limit} bytes for the InvokeFunction operation")]
    RequestTooLarge { limit: usize },
    #[error("Could not parse request body into json: {0}")]
    InvalidRequestContent(String),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("The function was removed or the host is stopping; try again")]
    Stopped,
    #[error("The Lambda endpoint behind this one failed: {0}")]
    Unreachable(String),
    /// What another Lambda endpoint answered.
    #[error("{message}")]
    Remote { status: u16, code: String, message: String },
}

impl LambdaError {
    pub(crate) fn code(&self) -> &str {
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

    pub(crate) fn status(&self) -> StatusCode {
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
