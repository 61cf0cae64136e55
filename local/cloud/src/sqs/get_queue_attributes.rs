//! [GetQueueAttributes](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_streams::Queue;

use super::attributes::{self, Attributes, MEASURED};
use super::name::name_in_url;
use super::{Call, SqsError};
use crate::endpoint::shortened;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    attribute_names: Vec<String>,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let name = name_in_url(&call.services.config.account, request.queue_url)?;
    let asked = request.attribute_names;
    if let Some(unknown) = asked.iter().find(|name| !attributes::is_known(name)) {
        return Err(SqsError::InvalidAttributeName(shortened(unknown)));
    }
    let queue = call
        .services
        .streams
        .queue(&name)
        .await?
        .ok_or(SqsError::QueueDoesNotExist)?;
    let all = asked.iter().any(|name| name == "All");
    let mut shown = attributes::shown(&call.services.config, &queue.settings);
    if all || asked.iter().any(|name| MEASURED.contains(&name.as_str())) {
        shown.extend(measured(call, &queue).await?);
    }
    shown.retain(|name, _| all || asked.contains(name));
    Ok(if shown.is_empty() {
        json!({})
    } else {
        json!({ "Attributes": shown })
    })
}

async fn measured(call: &Call<'_>, queue: &Queue) -> Result<Attributes, SqsError> {
    let config = &call.services.config;
    let depth = call.services.streams.depth(&queue.name, config.now()).await?;
    let values = [
        depth.visible.to_string(),
        depth.in_flight.to_string(),
        depth.delayed.to_string(),
        (queue.created / 1_000).to_string(),
        (queue.modified / 1_000).to_string(),
        config.arn("sqs", &queue.name),
    ];
    Ok(MEASURED.iter().map(|name| (*name).to_owned()).zip(values).collect())
}
