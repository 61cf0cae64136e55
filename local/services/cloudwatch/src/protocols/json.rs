//! AWS JSON 1.0, with the target prefix `GraniteServiceVersion20100801`.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response};
use sluice_wire::{ApiError, RequestId, json};

use crate::api::call;
use crate::node::Node;
use crate::wire::{QUERY_ERROR, query_error, read};
use crate::{CloudWatch, CloudWatchError};

impl CloudWatch {
    /// Answers one request of AWS JSON 1.0.
    pub async fn respond_json(
        &self,
        request_id: &RequestId,
        headers: &HeaderMap,
        operation: &str,
        body: Body,
    ) -> Response<Body> {
        let answered = match read(headers, body).await.and_then(|body| json::parse(&body)) {
            Ok(request) => call(self, operation, request).await,
            Err(error) => Err(CloudWatchError::Serialization(error.message)),
        };
        match answered {
            Ok(node) => json::response(request_id, Ok(node.json())),
            Err(error) => failure(request_id, &error),
        }
    }
}

fn failure(request_id: &RequestId, error: &CloudWatchError) -> Response<Body> {
    let names = error.names();
    let shape = ApiError {
        status: names.status,
        code: names.shape.into(),
        message: error.to_string(),
        reason: None,
    };
    let query_error = query_error(names.code, shape.is_client());
    let details = Node::Record(error.details()).json();
    let mut response = json::failure(request_id, &shape, details);
    if let Ok(value) = HeaderValue::from_str(&query_error) {
        response.headers_mut().insert(QUERY_ERROR, value);
    }
    response
}
