//! AWS JSON 1.0, with the target prefix `GraniteServiceVersion20100801`.

use axum::body::Body;
use axum::http::{HeaderValue, Response};

use super::super::{CloudWatchError, call};
use super::{Node, QUERY_ERROR, query_error};
use crate::endpoint::{ApiError, RequestId, Services, json_request, json_response};

/// Answers one call.
pub(crate) async fn answer(
    services: &Services,
    request_id: &RequestId,
    operation: &str,
    body: Result<&[u8], ApiError>,
) -> Response<Body> {
    let answered = match body.and_then(json_request) {
        Ok(request) => call(services, operation, request).await,
        Err(error) => Err(CloudWatchError::Serialization(error.message)),
    };
    match answered {
        Ok(node) => json_response(request_id, Ok(node.json())),
        Err(error) => failure(request_id, &error),
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
    let mut response = crate::endpoint::json_failure(request_id, &shape, details);
    if let Ok(value) = HeaderValue::from_str(&query_error) {
        response.headers_mut().insert(QUERY_ERROR, value);
    }
    response
}
