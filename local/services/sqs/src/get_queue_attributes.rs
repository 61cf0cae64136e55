//! [GetQueueAttributes](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html)

use serde::{Deserialize, Serialize};
use sluice_streams::Queue;
use sluice_wire::shortened;

use crate::attributes::{self, Attributes, MEASURED};
use crate::request::RequestContext;
use crate::{Sqs, SqsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_url: Option<String>,
    attribute_names: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<Response, SqsError> {
    let sqs = context.sqs;
    let name = sqs.queue_name(request.queue_url)?;
    let names = request.attribute_names;
    if let Some(unknown) = names.iter().find(|name| !attributes::is_known(name)) {
        return Err(SqsError::InvalidAttributeName(shortened(unknown)));
    }
    let queue = sqs.queue(&name).await?;
    let all = names.iter().any(|name| name == "All");
    let mut attributes = attributes::of_settings(&sqs.account, &queue.settings);
    if all || names.iter().any(|name| MEASURED.contains(&name.as_str())) {
        attributes.extend(measured(sqs, &queue).await?);
    }
    attributes.retain(|name, _| all || names.contains(name));
    Ok(Response { attributes })
}

async fn measured(sqs: &Sqs, queue: &Queue) -> Result<Attributes, SqsError> {
    let depth = sqs.streams.depth(&queue.name, sqs.account.now()).await?;
    let values = [
        depth.visible.to_string(),
        depth.in_flight.to_string(),
        depth.delayed.to_string(),
        (queue.created / 1_000).to_string(),
        (queue.modified / 1_000).to_string(),
        sqs.account.arn("sqs", &queue.name),
    ];
    Ok(MEASURED.iter().map(|name| (*name).to_owned()).zip(values).collect())
}
