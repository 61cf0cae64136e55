//! [ChangeMessageVisibilityBatch](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::batch::{Answer, check_ids};
use super::change_message_visibility::{Change, refused};
use super::name::name_in_url;
use super::{Call, SqsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    #[serde(rename = "Id")]
    id: Option<String>,
    #[serde(flatten)]
    change: Change,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let queue = name_in_url(&services.config.account, request.queue_url)?;
    let ids = request.entries.iter().map(|entry| entry.id.clone()).collect();
    let ids = check_ids("ChangeMessageVisibilityBatchRequestEntry", ids)?;
    let (mut answer, mut changes) = (Answer::default(), Vec::new());
    for (id, entry) in ids.iter().zip(&request.entries) {
        match entry.change.checked(&queue) {
            Ok(change) => changes.push((id, change)),
            Err(error) => answer.failed(id, &error),
        }
    }
    let wanted = changes.iter().map(|(_, change)| *change).collect();
    let done = services
        .streams
        .change_visibility(&queue, wanted, services.config.now())
        .await?;
    for ((id, _), done) in changes.iter().zip(done) {
        match done {
            Ok(()) => answer.worked(id, json!({})),
            Err(why) => answer.failed(id, &refused(why)),
        }
    }
    Ok(answer.finish())
}
