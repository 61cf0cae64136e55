//! [CreateQueue](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html)

use serde::{Deserialize, Serialize};

use crate::attributes::{self, Attributes};
use crate::request::RequestContext;
use crate::{SqsError, name};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_name: Option<String>,
    attributes: Attributes,
    /// The model writes it with a small letter.
    #[serde(rename = "tags")]
    tags: Attributes,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    queue_url: String,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<Response, SqsError> {
    let name = request.queue_name.ok_or(SqsError::MissingParameter("QueueName"))?;
    name::check(&name)?;
    if !request.tags.is_empty() {
        let message = "Queues have no tags on the local endpoint.";
        return Err(SqsError::UnsupportedOperation(message.to_owned()));
    }
    let sqs = context.sqs;
    let wanted = attributes::set(attributes::defaults(), &request.attributes)?;
    let queue = sqs
        .streams
        .create_queue(&name, wanted.clone(), sqs.account.now())
        .await?;
    if let Some(attribute) = attributes::first_difference(&sqs.account, &queue.settings, &wanted, &request.attributes) {
        return Err(SqsError::QueueNameExists(attribute));
    }
    Ok(Response {
        queue_url: context.url(&name),
    })
}
