//! [DeleteQueue](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html)

use crate::SqsError;
use crate::purge_queue::Request;
use crate::request::{EmptyResponse, RequestContext};

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<EmptyResponse, SqsError> {
    let sqs = context.sqs;
    let name = sqs.queue_name(request.queue_url)?;
    sqs.streams.delete_queue(&name).await?;
    Ok(EmptyResponse {})
}
