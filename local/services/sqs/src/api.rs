//! The API: the operations by name, and the responses in awsJson1.0.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response};
use sluice_wire::{ApiError, RequestId, json, read_body};

use crate::request::RequestContext;
use crate::{Sqs, SqsError};
use crate::{
    change_message_visibility, change_message_visibility_batch, create_queue, delete_message, delete_message_batch,
    delete_queue, get_queue_attributes, get_queue_url, list_queues, purge_queue, receive_message, send_message,
    send_message_batch, set_queue_attributes,
};

/// The largest body of a request: ten messages of 1 MiB together, with every character escaped, still fit.
const MAX_BODY: usize = 8 << 20;

sluice_wire::json_operations! {
    /// Answers one call: the request's members in, the response's out.
    fn call(&RequestContext<'_>) -> SqsError;
    unknown: "of SQS is not available on the local endpoint";
    "ChangeMessageVisibility" => change_message_visibility,
    "ChangeMessageVisibilityBatch" => change_message_visibility_batch,
    "CreateQueue" => create_queue,
    "DeleteMessage" => delete_message,
    "DeleteMessageBatch" => delete_message_batch,
    "DeleteQueue" => delete_queue,
    "GetQueueAttributes" => get_queue_attributes,
    "GetQueueUrl" => get_queue_url,
    "ListQueues" => list_queues,
    "PurgeQueue" => purge_queue,
    "ReceiveMessage" => receive_message,
    "SendMessage" => send_message,
    "SendMessageBatch" => send_message_batch,
    "SetQueueAttributes" => set_queue_attributes,
}

impl Sqs {
    /// Answers one request. Errors carry the name that the query protocol gave them as
    /// well, which SDKs go by.
    /// See the [trait](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait).
    pub async fn respond(
        &self,
        request_id: &RequestId,
        headers: &HeaderMap,
        operation: &str,
        body: Body,
    ) -> Response<Body> {
        let context = RequestContext::new(self, headers);
        let result = match read_body(body, MAX_BODY).await {
            Ok(body) => call(&context, operation, &body).await,
            Err(error) => Err(error.into()),
        };
        let query_error = result.as_ref().err().map(SqsError::query_error);
        let mut response = json::response(request_id, result.map_err(ApiError::from));
        if let Some(value) = query_error.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}
