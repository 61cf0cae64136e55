//! [ReceiveMessage](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html)

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluice_streams::{Message, Timestamp};
use sluice_wire::shortened;
use tokio::time::{Instant, timeout_at};

use crate::message_attributes::{Extras, MessageAttributes, digest, selected};
use crate::request::RequestContext;
use crate::{Sqs, SqsError, message_text, receipt};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_url: Option<String>,
    /// The older name of `MessageSystemAttributeNames`.
    attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<ReceivedMessage>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReceivedMessage {
    message_id: String,
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    body_digest: String,
    body: String,
    /// The system attributes.
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    attributes_digest: Option<String>,
    #[serde(skip_serializing_if = "MessageAttributes::is_empty")]
    message_attributes: MessageAttributes,
}

/// The names of the system attributes that a receiver may ask for.
const SYSTEM_NAMES: [&str; 10] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

/// A receive that has been checked.
struct Receive {
    queue: String,
    limit: usize,
    visibility: Option<Timestamp>,
    deadline: Instant,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<Response, SqsError> {
    let sqs = context.sqs;
    let queue = sqs.queue_name(request.queue_url)?;
    let mut system_names = request.message_system_attribute_names;
    system_names.extend(request.attribute_names);
    if let Some(unknown) = system_names.iter().find(|name| !SYSTEM_NAMES.contains(&name.as_str())) {
        return Err(SqsError::InvalidAttributeName(shortened(unknown)));
    }
    let limit = request.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&limit) {
        return Err(SqsError::InvalidParameterValue(format!(
            "Value {limit} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
        )));
    }
    let visibility = bounded("VisibilityTimeout", request.visibility_timeout, 0, 43_200)?;
    let wait = bounded("WaitTimeSeconds", request.wait_time_seconds, 0, 20)?;
    let settings = sqs.queue(&queue).await?.settings;
    let wait = wait.map_or(settings.wait, |seconds| seconds * 1_000);
    let receive = Receive {
        queue,
        limit: usize::try_from(limit).unwrap_or(1),
        visibility: visibility.map(|seconds| seconds * 1_000),
        deadline: Instant::now() + Duration::from_millis(u64::try_from(wait).unwrap_or(0)),
    };
    let messages = receive.run(sqs).await?.into_iter();
    let messages = messages.map(|one| {
        received(
            sqs,
            &receive.queue,
            one,
            &system_names,
            &request.message_attribute_names,
        )
    });
    Ok(Response {
        messages: messages.collect(),
    })
}

fn bounded(name: &str, value: Option<i64>, least: i64, most: i64) -> Result<Option<i64>, SqsError> {
    match value {
        Some(value) if !(least..=most).contains(&value) => Err(SqsError::InvalidParameterValue(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be >= {least} and <= {most}, if provided."
        ))),
        value => Ok(value),
    }
}

impl Receive {
    /// Receives, and if nothing is there waits for something: woken by each send, by the time at which a hidden message
    /// becomes visible, and at the end of the wait.
    async fn run(&self, sqs: &Sqs) -> Result<Vec<Message>, SqsError> {
        let mut wakes = sqs.streams.queue_wakes(&self.queue);
        loop {
            let now = sqs.account.now();
            let received = sqs
                .streams
                .receive(&self.queue, self.limit, self.visibility, now)
                .await?;
            let over = Instant::now() >= self.deadline || sqs.streams.waits_closed();
            if !received.messages.is_empty() || over {
                return Ok(received.messages);
            }
            let visible = received.next_visible.and_then(|at| sqs.account.clock.until(at));
            let until = visible.map_or(self.deadline, |wait| self.deadline.min(Instant::now() + wait));
            // both ways out lead to another look
            let _ = timeout_at(until, wakes.changed()).await;
        }
    }
}

fn received(sqs: &Sqs, queue: &str, message: Message, system: &[String], names: &[String]) -> ReceivedMessage {
    let extras = Extras::of(&message.attributes);
    let known = system_attributes(sqs, &message, &extras).into_iter();
    let known = known.filter(|(name, _)| system.iter().any(|one| one == "All" || one == name));
    let attributes = known.map(|(name, value)| (name.to_owned(), Value::String(value)));
    let message_attributes = selected(extras.attributes, names);
    ReceivedMessage {
        receipt_handle: receipt::seal(queue, message.receipt),
        body_digest: message_text::digest(&message.body),
        attributes: attributes.collect(),
        attributes_digest: digest(&message_attributes),
        message_id: message.message_id,
        body: message.body,
        message_attributes,
    }
}

fn system_attributes(sqs: &Sqs, message: &Message, extras: &Extras) -> Vec<(&'static str, String)> {
    let mut known = vec![
        ("SenderId", sqs.account.id.clone()),
        ("SentTimestamp", message.sent.to_string()),
        ("ApproximateReceiveCount", message.receipt.receives.to_string()),
        ("ApproximateFirstReceiveTimestamp", message.first_received.to_string()),
    ];
    if let Some(origin) = &message.origin {
        known.push(("DeadLetterQueueSourceArn", sqs.account.arn("sqs", origin)));
    }
    if let Some(trace) = extras.system.get("AWSTraceHeader").and_then(|one| one.text()) {
        known.push(("AWSTraceHeader", trace.to_owned()));
    }
    known
}
