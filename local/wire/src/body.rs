//! Reading of a request's body.

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::ApiError;

/// Reads the whole body, of at most `limit` bytes.
///
/// # Errors
/// `RequestEntityTooLargeException` that says how large it may be, or `SerializationException` for a body that breaks off.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("Request must be smaller than {limit} bytes.");
            Err(ApiError::client("RequestEntityTooLargeException", message).status(StatusCode::PAYLOAD_TOO_LARGE))
        }
        Err(error) => Err(ApiError::serialization(format!(
            "The request's body could not be read: {error}"
        ))),
    }
}
