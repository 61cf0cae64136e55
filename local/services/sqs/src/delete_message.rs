//! [DeleteMessage](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html)

use serde::Deserialize;

use crate::request::{EmptyResponse, RequestContext};
use crate::{SqsError, receipt};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<EmptyResponse, SqsError> {
    let sqs = context.sqs;
    let queue = sqs.queue_name(request.queue_url)?;
    let receipt = receipt::open(&queue, request.receipt_handle.as_deref())?;
    sqs.streams
        .delete_messages(&queue, vec![receipt], sqs.account.now())
        .await?;
    Ok(EmptyResponse {})
}
