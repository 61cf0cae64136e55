//! `AWS::SNS::Topic`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html>).

use indexmap::IndexMap;

use crate::error::Problem;
use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::subscription::Protocol;

/// A standard topic. `Ref` and `TopicArn` give its ARN, `TopicName` its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// `TopicName`, or a generated name; at most 256 characters.
    pub name: String,
    /// The topic's ARN.
    pub arn: String,
    /// `DisplayName`: the sender's name in mails.
    pub display_name: Option<String>,
    /// `Subscription`: subscriptions that are part of the topic.
    pub subscriptions: Vec<InlineSubscription>,
    /// `MaximumMessageSize` in bytes: 1,024 to 1,048,576; 262,144 when absent.
    pub maximum_message_bytes: u32,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

/// A subscription that is part of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineSubscription {
    /// `Protocol`.
    pub protocol: Protocol,
    /// `Endpoint`: for e-mail an address.
    pub endpoint: String,
}

impl Kind for Topic {
    const TYPE: &'static str = "AWS::SNS::Topic";
    const ATTRIBUTES: &'static [&'static str] = &["TopicArn", "TopicName"];
    const PROPERTIES: &'static [Property] = &[
        Property::refused("ArchivePolicy", "it is for FIFO topics; use a standard topic"),
        Property::refused(
            "ContentBasedDeduplication",
            "it is for FIFO topics; use a standard topic",
        ),
        Property::ignored(
            "DataProtectionPolicy",
            Shape::Document,
            "messages are not inspected locally",
        ),
        Property::ignored(
            "DeliveryStatusLogging",
            Shape::List,
            "deliveries are shown in the inbox",
        ),
        Property::honoured("DisplayName"),
        Property::refused("FifoThroughputScope", "it is for FIFO topics; use a standard topic"),
        Property::honoured("FifoTopic"),
        Property::ignored("KmsMasterKeyId", Shape::Text, "messages are not encrypted locally"),
        Property::honoured("MaximumMessageSize"),
        Property::ignored("SignatureVersion", Shape::Text, "mails are not signed locally"),
        Property::honoured("Subscription"),
        Property::honoured("Tags"),
        Property::honoured("TopicName"),
        Property::ignored("TracingConfig", Shape::Text, "there is no X-Ray locally"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        if fields.boolean("FifoTopic") == Some(true) {
            let at = fields.node("FifoTopic").map_or(fields.at(), |node| node.at);
            let advice = "e-mail needs a standard topic; leave FifoTopic out".to_owned();
            fields.report(
                at,
                "FifoTopic",
                Problem::NotLocal {
                    what: "a FIFO topic".to_owned(),
                    advice,
                },
            );
        }
        let name = fields
            .name("TopicName", 256, "-_")
            .unwrap_or_else(|| identity.generated_name(256));
        let one = |subscription: &Fields<'_>| {
            let protocol = subscription.required("Protocol", subscription.choice("Protocol"));
            let endpoint = subscription.required_text("Endpoint");
            Some(InlineSubscription {
                protocol: protocol?,
                endpoint: endpoint?,
            })
        };
        let subscriptions = fields.nested_list("Subscription", &["Endpoint", "Protocol"]);
        Some(Topic {
            arn: identity.arn("sns", &name),
            name,
            display_name: fields.text("DisplayName"),
            subscriptions: subscriptions.iter().filter_map(one).collect(),
            maximum_message_bytes: fields.integer("MaximumMessageSize", 1024, 1_048_576).unwrap_or(262_144),
            tags: fields.tags(),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.arn.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        match name {
            "TopicArn" => Some(self.arn.clone()),
            "TopicName" => Some(self.name.clone()),
            _ => None,
        }
    }
}
