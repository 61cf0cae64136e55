//! The id that every answer carries.

use axum::http::HeaderValue;

use super::Services;

/// A request's id: in the header of every answer, in the body of the query protocol's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    pub(crate) fn new(services: &Services) -> Self {
        Self(services.config.uuid().to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header's value.
    pub(crate) fn header(&self) -> HeaderValue {
        // A UUID's text is always a valid header value.
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
