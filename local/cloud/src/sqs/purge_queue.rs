//! [PurgeQueue](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::name::name_in_url;
use super::{Call, SqsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
}

impl Request {
    /// The name of the queue that is meant.
    pub(super) fn queue(self, call: &Call<'_>) -> Result<String, SqsError> {
        name_in_url(&call.services.config.account, self.queue_url)
    }
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let name = request.queue(call)?;
    let services = call.services;
    services.streams.purge_queue(&name, services.config.now()).await?;
    Ok(json!({}))
}
