//! Requests and responses, whatever their protocol.

mod fields;

use std::io::Read as _;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sluice_wire::{ApiError, read_body};

pub(crate) use fields::{Flag, Number, Time, Whole};

use crate::CloudWatchError;

/// The largest body of a request as it comes.
const MAX_BODY: usize = 1 << 20;

/// The largest request once it is uncompressed.
const MAX_UNCOMPRESSED: u64 = 8 << 20;

/// An action's request.
pub(crate) fn parse<T: DeserializeOwned>(request: Value) -> Result<T, CloudWatchError> {
    T::deserialize(&request).map_err(|error| CloudWatchError::unreadable(&error, &request))
}

/// Reads the body of a request, as it was before a client compressed it.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    uncompressed(headers, read_body(body, MAX_BODY).await?)
}

/// The body as it was before a client compressed it: boto3 does so with larger PutMetricData requests.
///
/// # Errors
/// `SerializationException` for what is not gzip, or too large once it is uncompressed.
pub fn uncompressed(headers: &HeaderMap, body: Bytes) -> Result<Bytes, ApiError> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    match encoding {
        None | Some(b"" | b"identity" | b"aws-chunked") => return Ok(body),
        Some(b"gzip") => {}
        Some(_) => {
            return Err(ApiError::serialization(
                "The request's Content-Encoding is not one of gzip and identity.",
            ));
        }
    }
    let mut plain = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(body.as_ref())
        .take(MAX_UNCOMPRESSED + 1)
        .read_to_end(&mut plain);
    match read {
        Ok(size) if size as u64 > MAX_UNCOMPRESSED => Err(ApiError::serialization(format!(
            "The request is larger than {MAX_UNCOMPRESSED} bytes when it is uncompressed."
        ))),
        Ok(_) => Ok(plain.into()),
        Err(error) => Err(ApiError::serialization(format!("The request is not gzip: {error}"))),
    }
}

/// The header that tells clients of the newer protocols what the error was called in the query protocol.
/// See [awsQueryCompatible](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait).
pub(crate) const QUERY_ERROR: &str = "x-amzn-query-error";

pub(crate) fn query_error(code: &str, is_client: bool) -> String {
    let fault = if is_client { "Sender" } else { "Receiver" };
    format!("{code};{fault}")
}
