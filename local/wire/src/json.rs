//! awsJson1.0: a JSON object in, a JSON object out, the operation in `X-Amz-Target`.
//! See the [protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::{ApiError, RequestId, conjunction, shortened};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const CONTENT_TYPE_1_1: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// Reads the request's members. An empty body is an empty object.
///
/// # Errors
/// `SerializationException` for what is no JSON object, or has a member of the wrong type.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    // A derived struct would also take an array of its fields in order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::serialization("The request's body must be a JSON object."));
    }
    serde_json::from_slice(body).map_err(|error| ApiError::serialization(error.to_string()))
}

/// Writes a response's members.
///
/// # Errors
/// `InternalServerError` for a value that JSON has no text for.
pub fn text(members: &impl Serialize) -> Result<Box<RawValue>, ApiError> {
    to_raw_value(members).map_err(|error| ApiError::internal("InternalServerError", &error))
}

/// Makes the HTTP response to a call.
pub fn response(request_id: &RequestId, result: Result<impl Serialize, ApiError>) -> Response<Body> {
    let text = result.and_then(|members| {
        serde_json::to_string(&members).map_err(|error| ApiError::internal("InternalServerError", &error))
    });
    match text {
        Ok(text) => http_response(request_id, StatusCode::OK, text),
        Err(error) => failure(request_id, &error, Value::Null),
    }
}

/// Makes the HTTP response to a call in awsJson1.1, which differs in its name only.
/// See the [protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
pub fn response_1_1(request_id: &RequestId, result: Result<impl Serialize, ApiError>) -> Response<Body> {
    let mut response = response(request_id, result);
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE_1_1);
    response
}

fn http_response(request_id: &RequestId, status: StatusCode, text: String) -> Response<Body> {
    let checksum = crc32fast::hash(text.as_bytes());
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    headers.insert("x-amzn-requestid", request_id.header());
    headers.insert("x-amz-crc32", HeaderValue::from(checksum));
    response
}

/// Makes the HTTP response that tells of an error, with members that are its own, if it has any.
pub fn failure(request_id: &RequestId, error: &ApiError, details: Value) -> Response<Body> {
    let mut body = json!({ "__type": error.code, "message": error.message });
    if let (Value::Object(members), Value::Object(details)) = (&mut body, details) {
        members.extend(details);
    }
    let mut response = http_response(request_id, error.status, body.to_string());
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

/// The error about an operation that a service does not have, as in "... `unknown`, which knows A, B and C."
pub fn unknown_operation(operation: &str, unknown: &str, known: &[&str]) -> ApiError {
    ApiError::client(
        "UnknownOperationException",
        format!(
            "The operation {:?} {unknown}, which knows {}.",
            shortened(operation),
            conjunction(known)
        ),
    )
}
