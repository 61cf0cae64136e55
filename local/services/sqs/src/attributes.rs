//! The attributes of queues, which are texts on the wire.
//! See [SetQueueAttributes](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::json;
use sluice_streams::{QueueSettings, Redrive, Timestamp};
use sluice_wire::{Account, shortened};

use crate::SqsError;
use crate::name::{name_in_arn, no_fifo};

/// Names and values as they came.
pub(crate) type Attributes = BTreeMap<String, String>;

/// An attribute that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settable {
    Seconds(Time, Bounds),
    MaximumMessageSize,
    RedrivePolicy,
    /// Stored and returned without effect: on one machine nobody is kept out and nothing is encrypted.
    Kept(&'static str),
}

/// The least and the most.
type Bounds = (u32, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    Visibility,
    Retention,
    Delay,
    Wait,
}

const SIZES: RangeInclusive<u32> = 1_024..=1_048_576;
const RECEIVES: RangeInclusive<u32> = 1..=1_000;

/// The attributes that can be set, by name.
const SETTABLE: [(&str, Settable); 11] = [
    ("VisibilityTimeout", Settable::Seconds(Time::Visibility, (0, 43_200))),
    (
        "MessageRetentionPeriod",
        Settable::Seconds(Time::Retention, (60, 1_209_600)),
    ),
    ("DelaySeconds", Settable::Seconds(Time::Delay, (0, 900))),
    ("ReceiveMessageWaitTimeSeconds", Settable::Seconds(Time::Wait, (0, 20))),
    ("MaximumMessageSize", Settable::MaximumMessageSize),
    ("RedrivePolicy", Settable::RedrivePolicy),
    ("Policy", Settable::Kept("Policy")),
    ("RedriveAllowPolicy", Settable::Kept("RedriveAllowPolicy")),
    ("KmsMasterKeyId", Settable::Kept("KmsMasterKeyId")),
    (
        "KmsDataKeyReusePeriodSeconds",
        Settable::Kept("KmsDataKeyReusePeriodSeconds"),
    ),
    ("SqsManagedSseEnabled", Settable::Kept("SqsManagedSseEnabled")),
];

/// The names of the attributes that are measured.
pub(crate) const MEASURED: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

const FIFO: [&str; 4] = [
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
];

/// The settings of a queue that nobody has set anything of.
pub(crate) fn defaults() -> QueueSettings {
    QueueSettings {
        visibility: 30_000,
        retention: 345_600_000,
        delay: 0,
        wait: 0,
        max_bytes: *SIZES.end(),
        redrive: None,
        remark: String::new(),
    }
}

/// Tells whether there is an attribute with this name.
pub(crate) fn is_known(name: &str) -> bool {
    name == "All" || FIFO.contains(&name) || MEASURED.contains(&name) || SETTABLE.iter().any(|(one, _)| *one == name)
}

/// The settings with these attributes set.
///
/// # Errors
/// `InvalidAttributeName`, `InvalidAttributeValue`; FIFO queues are refused.
pub(crate) fn set(settings: QueueSettings, attributes: &Attributes) -> Result<QueueSettings, SqsError> {
    let mut settings = settings;
    let mut kept = kept(&settings);
    for (name, value) in attributes {
        if FIFO.contains(&name.as_str()) {
            return Err(no_fifo());
        }
        let settable = SETTABLE.iter().find(|(one, _)| one == name);
        let Some((_, settable)) = settable else {
            return Err(SqsError::InvalidAttributeName(shortened(name)));
        };
        match settable {
            Settable::Seconds(time, (least, most)) => {
                *time_of(&mut settings, *time) = Timestamp::from(number(name, value, *least..=*most)?) * 1_000;
            }
            Settable::MaximumMessageSize => settings.max_bytes = number(name, value, SIZES)?,
            Settable::RedrivePolicy => settings.redrive = redrive(name, value)?,
            Settable::Kept(name) if value.is_empty() => drop(kept.remove(*name)),
            Settable::Kept(name) => drop(kept.insert((*name).to_owned(), value.clone())),
        }
    }
    settings.remark = if kept.is_empty() {
        String::new()
    } else {
        json!(kept).to_string()
    };
    Ok(settings)
}

/// The attributes that were set, or have a default.
pub(crate) fn of_settings(account: &Account, settings: &QueueSettings) -> Attributes {
    let mut attributes = kept(settings);
    attributes
        .entry("SqsManagedSseEnabled".to_owned())
        .or_insert_with(|| "true".to_owned());
    let mut settings = settings.clone();
    for (name, settable) in SETTABLE {
        let value = match settable {
            Settable::Seconds(time, _) => (*time_of(&mut settings, time) / 1_000).to_string(),
            Settable::MaximumMessageSize => settings.max_bytes.to_string(),
            Settable::RedrivePolicy => match &settings.redrive {
                Some(redrive) => json!({
                    "deadLetterTargetArn": account.arn("sqs", &redrive.queue), "maxReceiveCount": redrive.max_receives,
                })
                .to_string(),
                None => continue,
            },
            Settable::Kept(_) => continue,
        };
        attributes.insert(name.to_owned(), value);
    }
    attributes
}

/// The first attribute whose value is not the one that a queue has.
pub(crate) fn first_difference(
    account: &Account,
    has: &QueueSettings,
    wanted: &QueueSettings,
    named: &Attributes,
) -> Option<&'static str> {
    let (has, wanted) = (of_settings(account, has), of_settings(account, wanted));
    let names = SETTABLE.iter().map(|(name, _)| *name);
    names
        .filter(|name| named.contains_key(*name))
        .find(|name| has.get(*name) != wanted.get(*name))
}

fn kept(settings: &QueueSettings) -> Attributes {
    // it is written here only, and an empty one is none
    serde_json::from_str(&settings.remark).unwrap_or_default()
}

fn time_of(settings: &mut QueueSettings, time: Time) -> &mut Timestamp {
    match time {
        Time::Visibility => &mut settings.visibility,
        Time::Retention => &mut settings.retention,
        Time::Delay => &mut settings.delay,
        Time::Wait => &mut settings.wait,
    }
}

fn number(name: &str, value: &str, bounds: RangeInclusive<u32>) -> Result<u32, SqsError> {
    let number = value.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| SqsError::InvalidAttributeValue(name.to_owned()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: serde_json::Value,
}

fn redrive(name: &str, value: &str) -> Result<Option<Redrive>, SqsError> {
    if value.is_empty() {
        return Ok(None);
    }
    let invalid = || SqsError::InvalidAttributeValue(name.to_owned());
    let policy: RedrivePolicy = serde_json::from_str(value).map_err(|_| invalid())?;
    // both 3 and "3" are written
    let count = match &policy.max_receive_count {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|count| u32::try_from(count).ok()),
    };
    let max_receives = count.filter(|count| RECEIVES.contains(count)).ok_or_else(invalid)?;
    let queue = name_in_arn(&policy.dead_letter_target_arn)
        .ok_or_else(invalid)?
        .to_owned();
    Ok(Some(Redrive { queue, max_receives }))
}
