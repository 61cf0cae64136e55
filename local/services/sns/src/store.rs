//! Topics and subscriptions in the driver's durable store.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_clock::Timestamp;
use sluice_driver::{Driver, Order};
use sluice_wire::Arn;

use crate::filter_policy::FilterPolicy;
use crate::{EmailProtocol, Message, SnsError};

const TOPIC: &str = "sns-topic";
const SUBSCRIPTION: &str = "sns-subscription";

/// Records read at a time.
const BATCH: usize = 200;

/// A topic; its key is its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Topic {
    pub(crate) display_name: String,
    /// The access policy as given. Kept and shown; there is no IAM here.
    pub(crate) policy: Option<String>,
    pub(crate) created: Timestamp,
}

/// A subscription; its key is its ARN, which begins with its topic's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) protocol: EmailProtocol,
    pub(crate) endpoint: String,
    pub(crate) created: Timestamp,
    /// The time since which it gets no mails, because it got too many at once. Confirming it again ends that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) suspended: Option<Timestamp>,
    /// The filter policy as given: the messages that it gets. Without one it gets all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter_policy: Option<String>,
}

impl Subscription {
    /// True when a message with these attributes is to be delivered to it.
    pub(crate) fn wants(&self, message: &Message) -> Result<bool, SnsError> {
        match &self.filter_policy {
            None => Ok(true),
            Some(policy) => Ok(FilterPolicy::parse(policy)?.accepts(message.attributes())),
        }
    }

    /// The topic's ARN within the subscription's.
    pub(crate) fn topic_arn(subscription_arn: &str) -> &str {
        subscription_arn
            .rsplit_once(':')
            .map_or(subscription_arn, |(topic, _id)| topic)
    }
}

/// Refuses what is no topic's ARN.
pub(crate) fn check_topic_arn(arn: &str) -> Result<(), SnsError> {
    match Arn::parse(arn) {
        Some(parsed) if parsed.service == "sns" && !parsed.resource.contains(':') => Ok(()),
        _ => Err(SnsError::InvalidParameter("TopicArn".into())),
    }
}

/// # Errors
/// `InvalidParameter` for what is no topic's ARN, `NotFound` when there is no such topic.
pub(crate) async fn topic(driver: &Driver, arn: &str) -> Result<Topic, SnsError> {
    check_topic_arn(arn)?;
    let value = driver.store().get(TOPIC, arn).await?.ok_or(SnsError::TopicNotFound)?;
    read(value).ok_or(SnsError::TopicNotFound)
}

/// Keeps a topic, unless there is one; says whether it did.
pub(crate) async fn add_topic(driver: &Driver, arn: &str, topic: &Topic) -> Result<bool, SnsError> {
    Ok(driver.store().put_if_absent(TOPIC, arn, json!(topic)).await?)
}

pub(crate) async fn put_topic(driver: &Driver, arn: &str, topic: &Topic) -> Result<(), SnsError> {
    Ok(driver.store().put(TOPIC, arn, json!(topic)).await?)
}

pub(crate) async fn remove_topic(driver: &Driver, arn: &str) -> Result<bool, SnsError> {
    Ok(driver.store().remove(TOPIC, arn).await?)
}

/// The ARNs of the topics after one.
pub(crate) async fn topic_arns(driver: &Driver, after: Option<String>, limit: usize) -> Result<Vec<String>, SnsError> {
    let found = driver.store().scan(TOPIC, Order::Ascending, after, limit).await?;
    Ok(found.into_iter().map(|(arn, _)| arn).collect())
}

pub(crate) async fn subscription(driver: &Driver, arn: &str) -> Result<Option<Subscription>, SnsError> {
    Ok(driver.store().get(SUBSCRIPTION, arn).await?.and_then(read))
}

/// Keeps a subscription, unless there is one; says whether it did.
pub(crate) async fn add_subscription(
    driver: &Driver,
    arn: &str,
    subscription: &Subscription,
) -> Result<bool, SnsError> {
    Ok(driver
        .store()
        .put_if_absent(SUBSCRIPTION, arn, json!(subscription))
        .await?)
}

pub(crate) async fn put_subscription(driver: &Driver, arn: &str, subscription: &Subscription) -> Result<(), SnsError> {
    Ok(driver.store().put(SUBSCRIPTION, arn, json!(subscription)).await?)
}

pub(crate) async fn remove_subscription(driver: &Driver, arn: &str) -> Result<bool, SnsError> {
    Ok(driver.store().remove(SUBSCRIPTION, arn).await?)
}

/// The subscriptions after one, of all topics.
pub(crate) async fn subscriptions(
    driver: &Driver,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<(String, Subscription)>, SnsError> {
    let found = driver
        .store()
        .scan(SUBSCRIPTION, Order::Ascending, after, limit)
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|(arn, value)| Some((arn, read(value)?)))
        .collect())
}

/// All subscriptions of a topic: those whose ARN is the topic's and an id.
pub(crate) async fn subscriptions_of(
    driver: &Driver,
    topic_arn: &str,
) -> Result<Vec<(String, Subscription)>, SnsError> {
    let prefix = format!("{topic_arn}:");
    let mut found = Vec::new();
    let mut after = prefix.clone();
    loop {
        let batch = driver
            .store()
            .scan(SUBSCRIPTION, Order::Ascending, Some(after.clone()), BATCH)
            .await?;
        let full = batch.len() == BATCH;
        for (arn, value) in batch {
            if !arn.starts_with(&prefix) {
                return Ok(found);
            }
            after.clone_from(&arn);
            found.extend(read(value).map(|subscription| (arn, subscription)));
        }
        if !full {
            return Ok(found);
        }
    }
}

/// A record that another release wrote differently counts as absent.
fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value)
        .inspect_err(|error| tracing::error!(%error, "a record of SNS cannot be read"))
        .ok()
}
