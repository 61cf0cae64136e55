//! [CreateQueue](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{self, Attributes};
use super::name::{self, queue_url};
use super::{Call, SqsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_name: Option<String>,
    attributes: Attributes,
    /// The model writes it with a small letter.
    #[serde(rename = "tags")]
    tags: Attributes,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let name = request.queue_name.ok_or(SqsError::MissingParameter("QueueName"))?;
    name::check(&name)?;
    if !request.tags.is_empty() {
        let message = "Queues have no tags on the local endpoint.";
        return Err(SqsError::UnsupportedOperation(message.to_owned()));
    }
    let services = call.services;
    let wanted = attributes::set(attributes::defaults(), &request.attributes)?;
    let queue = services
        .streams
        .create_queue(&name, wanted.clone(), services.config.now())
        .await?;
    if let Some(attribute) = attributes::different(&services.config, &queue.settings, &wanted, &request.attributes) {
        return Err(SqsError::QueueNameExists(attribute));
    }
    Ok(json!({ "QueueUrl": queue_url(&call.base, &services.config.account, &name) }))
}
