//! [SetQueueAttributes](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{self, Attributes};
use super::name::name_in_url;
use super::{Call, SqsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    attributes: Option<Attributes>,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let name = name_in_url(&services.config.account, request.queue_url)?;
    let wanted = request.attributes.ok_or(SqsError::MissingParameter("Attributes"))?;
    let queue = services
        .streams
        .queue(&name)
        .await?
        .ok_or(SqsError::QueueDoesNotExist)?;
    let settings = attributes::set(queue.settings, &wanted)?;
    services
        .streams
        .set_queue(&name, settings, services.config.now())
        .await?;
    Ok(json!({}))
}
