//! [SendMessageBatch](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html)

use serde::Deserialize;
use serde_json::Value;

use super::batch::{Answer, check_ids};
use super::name::name_in_url;
use super::send_message::Message;
use super::{Call, SqsError};

/// The most bytes of all messages together.
const MAX_BYTES: usize = 1_048_576;

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
    message: Message,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let name = name_in_url(&services.config.account, request.queue_url)?;
    let (ids, messages): (Vec<_>, Vec<_>) = request.entries.into_iter().map(|one| (one.id, one.message)).unzip();
    let ids = check_ids("SendMessageBatchRequestEntry", ids)?;
    let queue = services
        .streams
        .queue(&name)
        .await?
        .ok_or(SqsError::QueueDoesNotExist)?;
    let (mut answer, mut sent, mut bytes) = (Answer::default(), Vec::new(), 0);
    for (id, message) in ids.iter().zip(messages) {
        match message.checked(call, &queue) {
            Ok(checked) => {
                bytes += checked.bytes;
                sent.push(checked.message);
                answer.worked(id, checked.answer);
            }
            Err(error) => answer.failed(id, &error),
        }
    }
    if bytes > MAX_BYTES {
        let (limit, sent) = (MAX_BYTES, bytes);
        return Err(SqsError::BatchRequestTooLong { limit, sent });
    }
    if !sent.is_empty() {
        services.streams.send(&name, sent, services.config.now()).await?;
    }
    Ok(answer.finish())
}
