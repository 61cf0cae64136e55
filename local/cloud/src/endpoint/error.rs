//! An error on its way to the wire, before a protocol gives it its form.

use std::borrow::Cow;

use axum::http::StatusCode;
use sluice_driver::{DriverError, Fault};

/// What AWS calls an exception: a name, a message and an HTTP status. Each service makes one from its own errors in one
/// place; each protocol renders it in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// The `Reason` of exceptions that have one.
    pub(crate) reason: Option<&'static str>,
}

impl ApiError {
    /// The caller's mistake: 400.
    pub(crate) fn client(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: message.into(),
            reason: None,
        }
    }

    /// With another HTTP status.
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The journal or another part of this process failed: 500, and a line in the log.
    pub(crate) fn internal(code: impl Into<Cow<'static, str>>, error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed inside");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: code.into(),
            message: error.to_string(),
            reason: None,
        }
    }

    /// A member's value breaks its constraint.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// A body that is no JSON, or has a value of the wrong type.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::client("SerializationException", message)
    }

    /// Whether the caller is to blame.
    pub(crate) fn is_client(&self) -> bool {
        self.status.is_client_error()
    }
}

impl From<DriverError> for ApiError {
    fn from(error: DriverError) -> Self {
        match &error {
            DriverError::TooDeep { .. } => Self::validation(error.to_string()),
            DriverError::InvalidCursor(_) => Self::client("InvalidToken", error.to_string()),
            DriverError::Definition { .. } => Self::client("InvalidDefinition", error.to_string()),
            // the disk tells of its trouble itself, once
            DriverError::Closed
            | DriverError::Stopped { .. }
            | DriverError::Journal {
                fault: Fault::Passing, ..
            } => Self::client("ServiceUnavailable", error.to_string()).status(StatusCode::SERVICE_UNAVAILABLE),
            DriverError::Journal { .. }
            | DriverError::Unreadable { .. }
            | DriverError::Deferred { .. }
            | DriverError::Engine { .. } => Self::internal("InternalServerError", &error),
        }
    }
}
