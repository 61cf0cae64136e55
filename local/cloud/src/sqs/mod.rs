//! SQS's API in awsJson1.0, one file per action, and what a stack makes of a queue. Standard queues only; the query protocol
//! of older SDKs is refused by name.
//! See the [reference](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html).
//!
//! For stacks: [`ensure_queue`] makes a [`QueueSpec`]'s queue or brings it up to date, [`delete_queue`] deletes it with its
//! messages, and [`queue_url`] is what `Ref` of a queue gives.

mod attributes;
mod batch;
mod change_message_visibility;
mod change_message_visibility_batch;
mod create_queue;
mod delete_message;
mod delete_message_batch;
mod delete_queue;
mod ensure_queue;
mod error;
mod get_queue_attributes;
mod get_queue_url;
mod list_queues;
mod message_attributes;
mod message_text;
mod name;
mod purge_queue;
mod receipt;
mod receive_message;
mod send_message;
mod send_message_batch;
mod set_queue_attributes;
#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use serde_json::Value;

use crate::endpoint::{ApiError, RequestId, Services, json_request, json_response};

pub use ensure_queue::{DeadLetters, QueueSpec, delete_queue, ensure_queue};
pub use error::SqsError;
pub(crate) use name::name_in_arn;
pub use name::queue_url;

/// Ten messages of 1 MiB together, with every character escaped, still fit.
pub(crate) const MAX_BODY: usize = 8 << 20;

/// The operations, for the error about one that is not among them.
const KNOWN: &str = "ChangeMessageVisibility, ChangeMessageVisibilityBatch, CreateQueue, DeleteMessage, \
    DeleteMessageBatch, DeleteQueue, GetQueueAttributes, GetQueueUrl, ListQueues, PurgeQueue, ReceiveMessage, \
    SendMessage, SendMessageBatch and SetQueueAttributes";

/// A call's surroundings.
pub(crate) struct Call<'a> {
    pub(crate) services: &'a Services,
    /// How the caller reaches the endpoint, for the URLs of queues.
    pub(crate) base: String,
}

impl<'a> Call<'a> {
    pub(crate) fn new(services: &'a Services, headers: &HeaderMap) -> Self {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        Self {
            services,
            base: format!("http://{}", host.unwrap_or("localhost")),
        }
    }
}

/// Answers one call: the request's members in, the response's out.
pub(crate) async fn call(call: &Call<'_>, operation: &str, body: &[u8]) -> Result<Value, SqsError> {
    /// Reads the request's members, makes the call.
    macro_rules! action {
        ($module:ident) => {
            $module::call(call, json_request(body)?).await
        };
    }
    match operation {
        "ChangeMessageVisibility" => action!(change_message_visibility),
        "ChangeMessageVisibilityBatch" => action!(change_message_visibility_batch),
        "CreateQueue" => action!(create_queue),
        "DeleteMessage" => action!(delete_message),
        "DeleteMessageBatch" => action!(delete_message_batch),
        "DeleteQueue" => action!(delete_queue),
        "GetQueueAttributes" => action!(get_queue_attributes),
        "GetQueueUrl" => action!(get_queue_url),
        "ListQueues" => action!(list_queues),
        "PurgeQueue" => action!(purge_queue),
        "ReceiveMessage" => action!(receive_message),
        "SendMessage" => action!(send_message),
        "SendMessageBatch" => action!(send_message_batch),
        "SetQueueAttributes" => action!(set_queue_attributes),
        other => {
            let message = format!(
                "The operation {:?} of SQS is not available on the local endpoint, which knows {KNOWN}.",
                crate::endpoint::shortened(other)
            );
            Err(ApiError::client("UnknownOperationException", message).into())
        }
    }
}

/// The answer to a call. Errors carry the name that the query protocol gave them as well, which SDKs go by.
/// See the [trait](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait).
pub(crate) fn response(request_id: &RequestId, result: Result<Value, SqsError>) -> Response<Body> {
    let query_error = result.as_ref().err().map(SqsError::query_error);
    let mut response = json_response(request_id, result.map_err(ApiError::from));
    if let Some(value) = query_error.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}
