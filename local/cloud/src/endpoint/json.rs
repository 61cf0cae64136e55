//! awsJson1.0: a JSON object in, a JSON object out, the operation in `X-Amz-Target`.
//! See the [protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{ApiError, RequestId};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// The request's members. An empty body is an empty object.
///
/// # Errors
/// `SerializationException` for what is no JSON object, or has a member of the wrong type.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    // A derived struct would also take an array of its fields in order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::serialization("The request's body must be a JSON object."));
    }
    serde_json::from_slice(body).map_err(|error| ApiError::serialization(error.to_string()))
}

/// The answer to a call.
pub(crate) fn response(request_id: &RequestId, result: Result<Value, ApiError>) -> Response<Body> {
    match result {
        Ok(value) => answer(request_id, StatusCode::OK, &value),
        Err(error) => failure(request_id, &error, Value::Null),
    }
}

fn answer(request_id: &RequestId, status: StatusCode, value: &Value) -> Response<Body> {
    let text = value.to_string();
    let checksum = crc32fast::hash(text.as_bytes());
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    headers.insert("x-amzn-requestid", request_id.header());
    headers.insert("x-amz-crc32", HeaderValue::from(checksum));
    response
}

/// An error, with members that are its own, if it has any.
pub(crate) fn failure(request_id: &RequestId, error: &ApiError, details: Value) -> Response<Body> {
    let mut body = json!({ "__type": error.code, "message": error.message });
    if let (Value::Object(members), Value::Object(details)) = (&mut body, details) {
        members.extend(details);
    }
    let mut response = answer(request_id, error.status, &body);
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}
