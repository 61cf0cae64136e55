//! `AWS::SNS::Subscription`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html>).

use serde_json::Value;

use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

/// A subscription to a topic. `Ref` and `Arn` give its ARN.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// The subscription's ARN.
    pub arn: String,
    /// The logical id of the topic.
    pub topic: String,
    /// `TopicArn`.
    pub topic_arn: String,
    /// `Protocol`; [`Protocol::is_local`] tells which are delivered on one machine.
    pub protocol: Protocol,
    /// `Endpoint`: for e-mail an address. SNS allows none only for what is confirmed elsewhere.
    pub endpoint: Option<String>,
    /// `FilterPolicy`: which messages are delivered.
    pub filter_policy: Option<Value>,
    /// `FilterPolicyScope`: what the policy looks at; the message's attributes when absent.
    pub filter_policy_scope: FilterPolicyScope,
    /// `RawMessageDelivery`; false when absent.
    pub raw_message_delivery: bool,
}

/// The protocol by which messages are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A text mail.
    Email,
    /// A mail with JSON.
    EmailJson,
    /// A call of a Lambda function.
    Lambda,
    /// An SQS queue.
    Sqs,
    /// An HTTP request.
    Http,
    /// An HTTPS request.
    Https,
    /// A text message.
    Sms,
    /// A mobile app.
    Application,
    /// A Data Firehose stream.
    Firehose,
}

impl Protocol {
    /// The name in templates and in SNS's API.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, protocol)| *protocol == self)
            .map_or("", |(name, _)| name)
    }

    /// Returns true if messages of this protocol are delivered on one machine: mails are, to the local inbox.
    #[must_use]
    pub fn is_local(self) -> bool {
        match self {
            Protocol::Email | Protocol::EmailJson => true,
            Protocol::Lambda
            | Protocol::Sqs
            | Protocol::Http
            | Protocol::Https
            | Protocol::Sms
            | Protocol::Application
            | Protocol::Firehose => false,
        }
    }
}

impl Choice for Protocol {
    const ALL: &'static [(&'static str, Self)] = &[
        ("email", Protocol::Email),
        ("email-json", Protocol::EmailJson),
        ("lambda", Protocol::Lambda),
        ("sqs", Protocol::Sqs),
        ("http", Protocol::Http),
        ("https", Protocol::Https),
        ("sms", Protocol::Sms),
        ("application", Protocol::Application),
        ("firehose", Protocol::Firehose),
    ];
}

/// The part of a message that a filter policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterPolicyScope {
    /// `MessageAttributes`.
    MessageAttributes,
    /// `MessageBody`.
    MessageBody,
}

impl Choice for FilterPolicyScope {
    const ALL: &'static [(&'static str, Self)] = &[
        ("MessageAttributes", FilterPolicyScope::MessageAttributes),
        ("MessageBody", FilterPolicyScope::MessageBody),
    ];
}

impl Kind for Subscription {
    const TYPE: &'static str = "AWS::SNS::Subscription";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("DeliveryPolicy", Shape::Document, "it is for HTTP endpoints"),
        Property::honoured("Endpoint"),
        Property::honoured("FilterPolicy"),
        Property::honoured("FilterPolicyScope"),
        Property::honoured("Protocol"),
        Property::honoured("RawMessageDelivery"),
        Property::ignored(
            "RedrivePolicy",
            Shape::Document,
            "a mail to the local inbox cannot fail",
        ),
        Property::ignored("Region", Shape::Text, "there is one region"),
        Property::refused("ReplayPolicy", "it is for FIFO topics; leave it out"),
        Property::ignored("SubscriptionRoleArn", Shape::Text, "it is for Data Firehose"),
        Property::honoured("TopicArn"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let topic_arn = fields.required_text("TopicArn");
        let protocol = fields.required("Protocol", fields.choice("Protocol"));
        let endpoint = fields.text("Endpoint");
        if let (Some(Protocol::Email | Protocol::EmailJson), None) = (protocol, fields.node("Endpoint")) {
            fields.required::<()>("Endpoint", None);
        }
        if let (Some(Protocol::Email | Protocol::EmailJson), Some((at, address))) =
            (protocol, fields.sited_text("Endpoint"))
            && !is_address(&address)
        {
            let value = crate::node::Quoted(&address).to_string();
            let rule = "it must be an e-mail address".to_owned();
            fields.report(at, "Endpoint", crate::Problem::NotAllowed { value, rule });
        }
        let topic_arn = topic_arn?;
        Some(Subscription {
            arn: format!("{topic_arn}:{}", identity.uuid()),
            topic: String::new(),
            topic_arn,
            protocol: protocol?,
            endpoint,
            filter_policy: fields.document("FilterPolicy"),
            filter_policy_scope: fields
                .choice("FilterPolicyScope")
                .unwrap_or(FilterPolicyScope::MessageAttributes),
            raw_message_delivery: fields.boolean("RawMessageDelivery").unwrap_or(false),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.arn.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        self.topic = peers.find("TopicArn", ResourceType::Topic, &self.topic_arn)?;
        Ok(())
    }
}

/// As much as SNS itself looks at: something, an `@`, something, and no white space.
fn is_address(text: &str) -> bool {
    let parts = text
        .split_once('@')
        .filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    parts.is_some() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}
