//! [ReceiveMessage](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html)

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use sluice_engine::Timestamp;
use sluice_streams::Message;
use tokio::time::{Instant, timeout_at};

use super::message_attributes::{Extras, asked, digest};
use super::name::name_in_url;
use super::{Call, SqsError, message_text, receipt};
use crate::endpoint::{Services, shortened};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    /// The older name of `MessageSystemAttributeNames`.
    attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

/// What a receiver may ask to be told of a message.
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

/// How a receive is done.
struct Plan {
    queue: String,
    limit: usize,
    visibility: Option<Timestamp>,
    deadline: Instant,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let queue = name_in_url(&services.config.account, request.queue_url)?;
    let mut system_names = request.message_system_attribute_names;
    system_names.extend(request.attribute_names);
    if let Some(unknown) = system_names.iter().find(|name| !SYSTEM_NAMES.contains(&name.as_str())) {
        return Err(SqsError::InvalidAttributeName(shortened(unknown)));
    }
    let limit = bounded("MaxNumberOfMessages", request.max_number_of_messages, 1, 10)?.unwrap_or(1);
    let visibility = bounded("VisibilityTimeout", request.visibility_timeout, 0, 43_200)?;
    let wait = bounded("WaitTimeSeconds", request.wait_time_seconds, 0, 20)?;
    let settings = services
        .streams
        .queue(&queue)
        .await?
        .ok_or(SqsError::QueueDoesNotExist)?
        .settings;
    let wait = wait.map_or(settings.wait, |seconds| seconds * 1_000);
    let plan = Plan {
        queue,
        limit: usize::try_from(limit).unwrap_or(1),
        visibility: visibility.map(|seconds| seconds * 1_000),
        deadline: Instant::now() + Duration::from_millis(u64::try_from(wait).unwrap_or(0)),
    };
    let messages = receive(services, &plan).await?;
    let shown = messages.into_iter();
    let shown = shown.map(|one| {
        show(
            services,
            &plan.queue,
            one,
            &system_names,
            &request.message_attribute_names,
        )
    });
    let shown: Vec<Value> = shown.collect();
    Ok(if shown.is_empty() {
        json!({})
    } else {
        json!({ "Messages": shown })
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

/// Receives, and if nothing is there waits for something: woken by whoever sends, by the time at which a hidden message
/// becomes visible, and at the end of the wait.
async fn receive(services: &Services, plan: &Plan) -> Result<Vec<Message>, SqsError> {
    let mut wakes = services.streams.queue_wakes(&plan.queue);
    loop {
        let now = services.config.now();
        let received = services
            .streams
            .receive(&plan.queue, plan.limit, plan.visibility, now)
            .await?;
        let over = Instant::now() >= plan.deadline || services.streams.waits_closed();
        if !received.messages.is_empty() || over {
            return Ok(received.messages);
        }
        let visible = received.next_visible.and_then(|at| services.config.clock.until(at));
        let until = visible.map_or(plan.deadline, |wait| plan.deadline.min(Instant::now() + wait));
        // both ways out lead to another look
        let _ = timeout_at(until, wakes.changed()).await;
    }
}

fn show(services: &Services, queue: &str, message: Message, system: &[String], names: &[String]) -> Value {
    let extras = Extras::of(&message.attributes);
    let mut shown = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": receipt::seal(queue, message.receipt),
        "MD5OfBody": message_text::digest(&message.body),
        "Body": message.body,
    });
    let known = system_attributes(services, &message, &extras);
    let known = known
        .into_iter()
        .filter(|(name, _)| system.iter().any(|asked| asked == "All" || asked == name));
    let known: Map<String, Value> = known.map(|(name, value)| (name.to_owned(), json!(value))).collect();
    if !known.is_empty() {
        shown["Attributes"] = Value::Object(known);
    }
    let attributes = asked(extras.attributes, names);
    if let Some(digest) = digest(&attributes) {
        shown["MD5OfMessageAttributes"] = json!(digest);
        shown["MessageAttributes"] = json!(attributes);
    }
    shown
}

fn system_attributes(services: &Services, message: &Message, extras: &Extras) -> Vec<(&'static str, String)> {
    let config = &services.config;
    let mut known = vec![
        ("SenderId", config.account.clone()),
        ("SentTimestamp", message.sent.to_string()),
        ("ApproximateReceiveCount", message.receipt.receives.to_string()),
        ("ApproximateFirstReceiveTimestamp", message.first_received.to_string()),
    ];
    if let Some(origin) = &message.origin {
        known.push(("DeadLetterQueueSourceArn", config.arn("sqs", origin)));
    }
    if let Some(trace) = extras.system.get("AWSTraceHeader").and_then(|one| one.text()) {
        known.push(("AWSTraceHeader", trace.to_owned()));
    }
    known
}
