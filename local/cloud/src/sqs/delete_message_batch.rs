//! [DeleteMessageBatch](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::batch::{Answer, check_ids};
use super::name::name_in_url;
use super::{Call, SqsError, receipt};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    id: Option<String>,
    receipt_handle: Option<String>,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let queue = name_in_url(&services.config.account, request.queue_url)?;
    let ids = request.entries.iter().map(|entry| entry.id.clone()).collect();
    let ids = check_ids("DeleteMessageBatchRequestEntry", ids)?;
    let (mut answer, mut receipts) = (Answer::default(), Vec::new());
    for (id, entry) in ids.iter().zip(&request.entries) {
        match receipt::open(&queue, entry.receipt_handle.as_deref()) {
            Ok(receipt) => {
                receipts.push(receipt);
                answer.worked(id, json!({}));
            }
            Err(error) => answer.failed(id, &error),
        }
    }
    services
        .streams
        .delete_messages(&queue, receipts, services.config.now())
        .await?;
    Ok(answer.finish())
}
