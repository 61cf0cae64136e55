//! SNS: topics, e-mail subscriptions, and the inbox where their mails arrive.
//! See the [reference](https://docs.aws.amazon.com/sns/latest/api/API_Operations.html).
//!
//! [`Sns::call`] answers the API, one file per action. For stacks: [`Sns::ensure_topic`] and [`Sns::ensure_subscription`]. For
//! tasks: [`Sns::publish`]. Topics, subscriptions and mails lie in the driver's durable store.

mod confirm_subscription;
mod create_topic;
mod delete_topic;
mod email_protocol;
mod error;
mod filter_policy;
mod get_subscription_attributes;
mod get_topic_attributes;
pub mod inbox;
mod list_subscriptions;
mod list_subscriptions_by_topic;
mod list_topics;
mod message;
mod paging;
mod publish;
mod publish_batch;
mod service;
mod set_subscription_attributes;
mod set_topic_attributes;
mod store;
mod subscribe;
#[cfg(test)]
mod tests;
mod unsubscribe;

use sluice_wire::query::QueryApi;
use sluice_wire::{ApiError, Form, Xml};

pub use email_protocol::EmailProtocol;
pub use error::SnsError;
pub use message::Message;
pub use service::Sns;

/// SNS in the query protocol.
pub const API: QueryApi = QueryApi {
    name: "sns",
    version: "2010-03-31",
    signing_name: "sns",
    namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
};

sluice_wire::query_operations! {
    fn dispatch(&Sns, API) -> ApiError;
    "ConfirmSubscription" => confirm_subscription,
    "CreateTopic" => create_topic,
    "DeleteTopic" => delete_topic,
    "GetSubscriptionAttributes" => get_subscription_attributes,
    "GetTopicAttributes" => get_topic_attributes,
    "ListSubscriptions" => list_subscriptions,
    "ListSubscriptionsByTopic" => list_subscriptions_by_topic,
    "ListTopics" => list_topics,
    "Publish" => publish,
    "PublishBatch" => publish_batch,
    "SetSubscriptionAttributes" => set_subscription_attributes,
    "SetTopicAttributes" => set_topic_attributes,
    "Subscribe" => subscribe,
    "Unsubscribe" => unsubscribe,
}

impl Sns {
    /// Answers one call.
    ///
    /// # Errors
    /// SNS's exceptions.
    pub async fn call(&self, action: &str, form: &Form) -> Result<Xml, ApiError> {
        dispatch(self, action, form).await
    }
}
