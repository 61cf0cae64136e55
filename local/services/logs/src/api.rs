//! The API: the operations by name, and the responses in awsJson1.1.

use axum::body::Body;
use axum::http::Response;
use sluice_wire::{ApiError, RequestId, json, read_body};

use crate::Logs;
use crate::{describe_log_groups, describe_log_streams, filter_log_events, get_log_events};

/// The largest body of a request.
const MAX_BODY: usize = 1 << 20;

sluice_wire::json_operations! {
    /// Answers one call: the request's members in, the response's out.
    pub(crate) fn call(&Logs) -> ApiError;
    unknown: "of CloudWatch Logs is not available on the local endpoint";
    "DescribeLogGroups" => describe_log_groups,
    "DescribeLogStreams" => describe_log_streams,
    "FilterLogEvents" => filter_log_events,
    "GetLogEvents" => get_log_events,
}

impl Logs {
    /// Answers one request in awsJson1.1.
    /// See the [protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
    pub async fn respond(&self, request_id: &RequestId, operation: &str, body: Body) -> Response<Body> {
        let result = match read_body(body, MAX_BODY).await {
            Ok(body) => call(self, operation, &body).await,
            Err(error) => Err(error),
        };
        json::response_1_1(request_id, result)
    }
}
