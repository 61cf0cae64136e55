//! [SendMessage](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)

use serde::{Deserialize, Serialize};
use sluice_streams::{NewMessage, Queue, Timestamp};

use crate::message_attributes::{Extras, MessageAttributes, check, check_system, digest};
use crate::request::RequestContext;
use crate::{Sqs, SqsError, message_text};

/// The longest `DelaySeconds`.
const MAX_DELAY: i64 = 900;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_url: Option<String>,
    #[serde(flatten)]
    message: Message,
}

/// A message's members, of one or of an entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Message {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: MessageAttributes,
    message_system_attributes: MessageAttributes,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

/// The response to one message that was sent, and the members of a batch's entry.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    #[serde(rename = "MessageId")]
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    body_digest: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    attributes_digest: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    system_attributes_digest: Option<String>,
}

/// A message that may be sent, and the response to its sender.
pub(crate) struct Checked {
    pub(crate) message: NewMessage,
    pub(crate) response: Response,
    /// The length of its body and attributes.
    pub(crate) bytes: usize,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<Response, SqsError> {
    let sqs = context.sqs;
    let name = sqs.queue_name(request.queue_url)?;
    let queue = sqs.queue(&name).await?;
    let checked = request.message.checked(sqs, &queue)?;
    sqs.streams
        .send(&name, vec![checked.message], sqs.account.now())
        .await?;
    Ok(checked.response)
}

impl Message {
    pub(crate) fn checked(self, sqs: &Sqs, queue: &Queue) -> Result<Checked, SqsError> {
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
        let message_id = sqs.account.uuid().to_string();
        let response = Response {
            message_id: message_id.clone(),
            body_digest: message_text::digest(&body),
            attributes_digest: digest(&extras.attributes),
            system_attributes_digest: digest(&extras.system),
        };
        let message = NewMessage {
            message_id,
            body,
            attributes: extras.kept(),
            delay,
        };
        Ok(Checked {
            message,
            response,
            bytes,
        })
    }
}

fn delay(seconds: i64) -> Result<Timestamp, SqsError> {
    if (0..=MAX_DELAY).contains(&seconds) {
        return Ok(seconds * 1_000);
    }
    Err(SqsError::InvalidParameterValue(format!(
        "Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {MAX_DELAY}."
    )))
}
