//! [PurgeQueue](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html)

use serde::Deserialize;

use crate::SqsError;
use crate::request::{EmptyResponse, RequestContext};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    pub(crate) queue_url: Option<String>,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<EmptyResponse, SqsError> {
    let sqs = context.sqs;
    let name = sqs.queue_name(request.queue_url)?;
    sqs.streams.purge_queue(&name, sqs.account.now()).await?;
    Ok(EmptyResponse {})
}
