//! The API: the operations by name, and the responses in awsJson1.1.

use axum::body::Body;
use axum::http::Response;
use sluice_wire::{ApiError, RequestId, json, read_body};

use crate::{Events, put_events};

/// The largest body of a request: ten entries of 1 MiB together, with every character escaped, still fit.
const MAX_BODY: usize = 8 << 20;

sluice_wire::json_operations! {
    /// Answers one call: the request's members in, the response's out.
    fn call(&Events) -> ApiError;
    unknown: "of EventBridge is not available on the local endpoint";
    "PutEvents" => put_events,
}

impl Events {
    /// Answers one request in awsJson1.1.
    pub async fn respond(&self, request_id: &RequestId, operation: &str, body: Body) -> Response<Body> {
        let result = match read_body(body, MAX_BODY).await {
            Ok(body) => call(self, operation, &body).await,
            Err(error) => Err(error),
        };
        json::response_1_1(request_id, result)
    }
}
