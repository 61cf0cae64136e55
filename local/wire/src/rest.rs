//! restJson: an operation is a method and a path. See the
//! [protocol](https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use crate::{ApiError, RequestId};

/// Makes the HTTP response to a call.
pub fn response(request_id: &RequestId, result: Result<impl Serialize, ApiError>) -> Response<Body> {
    let text = result.and_then(|members| {
        serde_json::to_string(&members).map_err(|error| ApiError::internal("ServiceException", &error))
    });
    match text {
        Ok(text) => http_response(request_id, StatusCode::OK, text),
        Err(error) => failure(request_id, &error),
    }
}

/// Makes the HTTP response that tells of an error: its name in the header, its message in the body, as Lambda writes it.
pub fn failure(request_id: &RequestId, error: &ApiError) -> Response<Body> {
    let kind = if error.is_client() { "User" } else { "Service" };
    // Lambda's models spell the member with either capital; its SDKs read both.
    let mut body = json!({ "Type": kind, "Message": error.message, "message": error.message });
    if let Some(reason) = error.reason {
        body["Reason"] = reason.into();
    }
    let mut response = http_response(request_id, error.status, body.to_string());
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

fn http_response(request_id: &RequestId, status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-requestid", request_id.header());
    response
}
