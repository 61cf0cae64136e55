//! SNS: topics, e-mail subscriptions, and the inbox where their mails arrive.
//! See the [reference](https://docs.aws.amazon.com/sns/latest/api/API_Operations.html).

mod confirm_subscription;
mod create_topic;
mod delete_topic;
mod error;
mod get_topic_attributes;
pub mod inbox;
mod list_subscriptions;
mod list_topics;
mod message;
mod publish;
mod publish_batch;
mod set_topic_attributes;
mod store;
mod subscribe;
#[cfg(test)]
mod tests;
mod unsubscribe;

use crate::endpoint::{ApiError, Form, Services, Xml, invalid_action, query_apis};

pub(crate) use error::SnsError;
pub(crate) use inbox::forget as forget_mails;
pub(crate) use message::Message;
pub(crate) use publish::publish;

pub use create_topic::ensure_topic;
pub use error::SnsError as Error;
pub use subscribe::{EmailProtocol, ensure_subscription};

const KNOWN: [&str; 12] = [
    "ConfirmSubscription",
    "CreateTopic",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptions",
    "ListSubscriptionsByTopic",
    "ListTopics",
    "Publish",
    "PublishBatch",
    "SetTopicAttributes",
    "Subscribe",
    "Unsubscribe",
];

/// Answers one call.
pub(crate) async fn call(services: &Services, action: &str, form: &Form) -> Result<Xml, ApiError> {
    let answer = match action {
        "ConfirmSubscription" => confirm_subscription::call(services, form).await,
        "CreateTopic" => create_topic::call(services, form).await,
        "DeleteTopic" => delete_topic::call(services, form).await,
        "GetTopicAttributes" => get_topic_attributes::call(services, form).await,
        "ListSubscriptions" => list_subscriptions::all(services, form).await,
        "ListSubscriptionsByTopic" => list_subscriptions::by_topic(services, form).await,
        "ListTopics" => list_topics::call(services, form).await,
        "Publish" => publish::call(services, form).await,
        "PublishBatch" => publish_batch::call(services, form).await,
        "SetTopicAttributes" => set_topic_attributes::call(services, form).await,
        "Subscribe" => subscribe::call(services, form).await,
        "Unsubscribe" => unsubscribe::call(services, form).await,
        _ => return Err(invalid_action(&query_apis::SNS, action, &KNOWN)),
    };
    Ok(answer?)
}
