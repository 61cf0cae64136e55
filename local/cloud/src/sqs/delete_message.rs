//! [DeleteMessage](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::name::name_in_url;
use super::{Call, SqsError, receipt};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let queue = name_in_url(&services.config.account, request.queue_url)?;
    let receipt = receipt::open(&queue, request.receipt_handle.as_deref())?;
    services
        .streams
        .delete_messages(&queue, vec![receipt], services.config.now())
        .await?;
    Ok(json!({}))
}
