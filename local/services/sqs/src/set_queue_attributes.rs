//! [SetQueueAttributes](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)

use serde::Deserialize;

use crate::SqsError;
use crate::attributes::{self, Attributes};
use crate::request::{EmptyResponse, RequestContext};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_url: Option<String>,
    attributes: Option<Attributes>,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<EmptyResponse, SqsError> {
    let sqs = context.sqs;
    let name = sqs.queue_name(request.queue_url)?;
    let wanted = request.attributes.ok_or(SqsError::MissingParameter("Attributes"))?;
    let queue = sqs.queue(&name).await?;
    let settings = attributes::set(queue.settings, &wanted)?;
    sqs.streams.set_queue(&name, settings, sqs.account.now()).await?;
    Ok(EmptyResponse {})
}
