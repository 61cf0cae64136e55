//! An error on its way to the wire, before a protocol renders it.

use std::borrow::Cow;

use axum::http::StatusCode;

/// An exception of AWS: a name, a message and an HTTP status. Each service makes one from its own errors in one place; each
/// protocol renders it in one place.
///
/// ```
/// use sluice_wire::ApiError;
///
/// let error = ApiError::client("InvalidToken", "Invalid token");
/// assert!(error.is_client());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The exception's name.
    pub code: Cow<'static, str>,
    /// The message for the caller.
    pub message: String,
    /// The `Reason` of exceptions that have one.
    pub reason: Option<&'static str>,
}

impl ApiError {
    /// The caller's mistake: 400.
    pub fn client(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: message.into(),
            reason: None,
        }
    }

    /// With another HTTP status.
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// A part of this process failed: 500, and a line in the log.
    pub fn internal(code: impl Into<Cow<'static, str>>, error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed inside");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: code.into(),
            message: error.to_string(),
            reason: None,
        }
    }

    /// The store behind a service failed: 503 when the same request may work again later, else 500 and a line in the log.
    pub fn store(error: &dyn std::error::Error, is_retryable: bool) -> Self {
        if is_retryable {
            // the disk tells of its trouble itself, once
            Self::client("ServiceUnavailable", error.to_string()).status(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            Self::internal("InternalServerError", error)
        }
    }

    /// A member's value breaks its constraint.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// A body that is no JSON, or has a value of the wrong type.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::client("SerializationException", message)
    }

    /// True when the caller is to blame.
    pub fn is_client(&self) -> bool {
        self.status.is_client_error()
    }
}
