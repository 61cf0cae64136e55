//! The result of an invocation.

use bytes::Bytes;

/// The response of a function, or the description of its error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// Lambda's id of the request.
    pub request_id: String,
    /// The function's response, or the description of its error.
    pub payload: Bytes,
    /// `Unhandled`, when the function failed.
    pub function_error: Option<String>,
    /// `$LATEST`.
    pub executed_version: String,
    /// The end of its log in base64, when that was asked for.
    pub log_result: Option<String>,
}
