//! [SendMessage](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_engine::Timestamp;
use sluice_streams::{NewMessage, Queue};

use super::message_attributes::{Extras, MessageAttributes, check, check_system, digest};
use super::name::name_in_url;
use super::{Call, SqsError, message_text};

const LONGEST_DELAY: i64 = 900;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    #[serde(flatten)]
    message: Message,
}

/// A message's members, of one or of an entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Message {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: MessageAttributes,
    message_system_attributes: MessageAttributes,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

/// A message that may be sent, and what its sender is answered.
pub(super) struct Checked {
    pub(super) message: NewMessage,
    pub(super) answer: Value,
    /// Its body and attributes.
    pub(super) bytes: usize,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let name = name_in_url(&services.config.account, request.queue_url)?;
    let queue = services
        .streams
        .queue(&name)
        .await?
        .ok_or(SqsError::QueueDoesNotExist)?;
    let checked = request.message.checked(call, &queue)?;
    services
        .streams
        .send(&name, vec![checked.message], services.config.now())
        .await?;
    Ok(checked.answer)
}

impl Message {
    pub(super) fn checked(self, call: &Call<'_>, queue: &Queue) -> Result<Checked, SqsError> {
        let body = message_text::check(self.message_body)?;
        let delay = self.delay_seconds.map(delay).transpose()?;
        if self.message_deduplication_id.is_some() {
            let message = "The request includes a parameter that is not valid for this queue type. Reason: \
                           MessageDeduplicationId is for FIFO queues.";
            return Err(SqsError::InvalidParameterValue(message.to_owned()));
        }
        // a group without FIFO asks for fair turns among groups; one machine has no noisy neighbours
        drop(self.message_group_id);
        let bytes = body.len() + check(&self.message_attributes)?;
        check_system(&self.message_system_attributes)?;
        let limit = queue.settings.max_bytes as usize;
        if bytes > limit {
            let message =
                format!("One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.");
            return Err(SqsError::InvalidParameterValue(message));
        }
        let extras = Extras {
            attributes: self.message_attributes,
            system: self.message_system_attributes,
        };
        let message_id = call.services.config.uuid().to_string();
        let mut answer = json!({ "MessageId": message_id, "MD5OfMessageBody": message_text::digest(&body) });
        if let Some(digest) = digest(&extras.attributes) {
            answer["MD5OfMessageAttributes"] = json!(digest);
        }
        if let Some(digest) = digest(&extras.system) {
            answer["MD5OfMessageSystemAttributes"] = json!(digest);
        }
        let message = NewMessage {
            message_id,
            body,
            attributes: extras.kept(),
            delay,
        };
        Ok(Checked { message, answer, bytes })
    }
}

fn delay(seconds: i64) -> Result<Timestamp, SqsError> {
    if (0..=LONGEST_DELAY).contains(&seconds) {
        return Ok(seconds * 1_000);
    }
    Err(SqsError::InvalidParameterValue(format!(
        "Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {LONGEST_DELAY}."
    )))
}
