//! restJson: an operation is a method and a path. See the
//! [protocol](https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::{ApiError, RequestId};

/// The answer to a call.
pub(crate) fn response(request_id: &RequestId, result: Result<Value, ApiError>) -> Response<Body> {
    match result {
        Ok(value) => answer(request_id, StatusCode::OK, &value),
        Err(error) => failure(request_id, &error),
    }
}

/// An error: its name in the header, its message in the body, as Lambda writes it.
pub(crate) fn failure(request_id: &RequestId, error: &ApiError) -> Response<Body> {
    let kind = if error.is_client() { "User" } else { "Service" };
    // Lambda's models spell the member with either capital; its SDKs read both.
    let mut body = json!({ "Type": kind, "Message": error.message, "message": error.message });
    if let Some(reason) = error.reason {
        body["Reason"] = reason.into();
    }
    let mut response = answer(request_id, error.status, &body);
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

fn answer(request_id: &RequestId, status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-requestid", request_id.header());
    response
}
