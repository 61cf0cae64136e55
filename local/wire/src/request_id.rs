//! The id that every response carries.

use axum::http::HeaderValue;

use crate::Account;

/// A request's id: in the header of every response, in the body of the query protocol's responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A random id.
    pub fn new(account: &Account) -> Self {
        Self(account.uuid().to_string())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header's value.
    pub fn header(&self) -> HeaderValue {
        // A UUID's text is always a valid header value.
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
