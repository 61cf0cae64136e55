//! `AWS::SQS::Queue`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>).

use indexmap::IndexMap;
use serde_json::Value;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

/// A standard queue. `Ref` and `QueueUrl` give its URL, `Arn` and `QueueName` what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// `QueueName`, or a generated name; at most 80 characters.
    pub name: String,
    /// The queue's ARN.
    pub arn: String,
    /// Its URL: the endpoint, the account and its name.
    pub url: String,
    /// `DelaySeconds`: 0 to 900; 0 when absent.
    pub delay_seconds: u32,
    /// `MaximumMessageSize` in bytes: 1,024 to 1,048,576, which it is when absent.
    pub maximum_message_bytes: u32,
    /// `MessageRetentionPeriod` in seconds: 60 to 1,209,600; 345,600 (four days) when absent.
    pub retention_seconds: u32,
    /// `ReceiveMessageWaitTimeSeconds`: 0 to 20; 0 when absent.
    pub receive_wait_seconds: u32,
    /// `VisibilityTimeout` in seconds: 0 to 43,200; 30 when absent.
    pub visibility_timeout_seconds: u32,
    /// `RedrivePolicy`.
    pub redrive: Option<Redrive>,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

/// The destination of messages that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The logical id of the queue that gets them.
    pub queue: String,
    /// `deadLetterTargetArn`: that queue's ARN.
    pub queue_arn: String,
    /// `maxReceiveCount`: how often a message is received before, 1 to 1,000.
    pub max_receive_count: u32,
}

const FIFO: &str = "it is for FIFO queues; use a standard queue";
const NO_KEYS: &str = "messages are not encrypted locally";

impl Kind for Queue {
    const TYPE: &'static str = "AWS::SQS::Queue";
    const ATTRIBUTES: &'static [&'static str] = &["Arn", "QueueName", "QueueUrl"];
    const PROPERTIES: &'static [Property] = &[
        Property::refused("ContentBasedDeduplication", FIFO),
        Property::refused("DeduplicationScope", FIFO),
        Property::honoured("DelaySeconds"),
        Property::honoured("FifoQueue"),
        Property::refused("FifoThroughputLimit", FIFO),
        Property::ignored("KmsDataKeyReusePeriodSeconds", Shape::Integer, NO_KEYS),
        Property::ignored("KmsMasterKeyId", Shape::Text, NO_KEYS),
        Property::honoured("MaximumMessageSize"),
        Property::honoured("MessageRetentionPeriod"),
        Property::honoured("QueueName"),
        Property::honoured("ReceiveMessageWaitTimeSeconds"),
        Property::ignored("RedriveAllowPolicy", Shape::Document, "access is not checked locally"),
        Property::honoured("RedrivePolicy"),
        Property::ignored("SqsManagedSseEnabled", Shape::Boolean, NO_KEYS),
        Property::honoured("Tags"),
        Property::honoured("VisibilityTimeout"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        if fields.boolean("FifoQueue") == Some(true) {
            fields.refuse("FifoQueue", "a FIFO queue", "use a standard queue; leave FifoQueue out");
        }
        let name = fields
            .name("QueueName", 80, "-_")
            .unwrap_or_else(|| identity.generated_name(80));
        Some(Queue {
            arn: identity.arn("sqs", &name),
            url: url(&name, identity),
            delay_seconds: fields.integer("DelaySeconds", 0, 900).unwrap_or(0),
            maximum_message_bytes: fields
                .integer("MaximumMessageSize", 1_024, 1_048_576)
                .unwrap_or(1_048_576),
            retention_seconds: fields
                .integer("MessageRetentionPeriod", 60, 1_209_600)
                .unwrap_or(345_600),
            receive_wait_seconds: fields.integer("ReceiveMessageWaitTimeSeconds", 0, 20).unwrap_or(0),
            visibility_timeout_seconds: fields.integer("VisibilityTimeout", 0, 43_200).unwrap_or(30),
            redrive: read_redrive(fields),
            tags: fields.tags(),
            name,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.url.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        match name {
            "Arn" => Some(self.arn.clone()),
            "QueueName" => Some(self.name.clone()),
            "QueueUrl" => Some(self.url.clone()),
            _ => None,
        }
    }

    fn aliases(&self, _: &Identity<'_>) -> Vec<String> {
        vec![self.url.clone(), self.arn.clone()]
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        if let Some(redrive) = &mut self.redrive {
            redrive.queue = peers.find("RedrivePolicy", ResourceType::Queue, &redrive.queue_arn)?;
        }
        Ok(())
    }
}

fn url(name: &str, identity: &Identity<'_>) -> String {
    let inputs = identity.inputs;
    let aws = || format!("https://sqs.{}.{}", inputs.region, inputs.url_suffix);
    let endpoint = inputs.endpoint.clone().unwrap_or_else(aws);
    format!("{endpoint}/{}/{name}", inputs.account_id)
}

/// `RedrivePolicy`: a mapping or JSON text, whose number may be a string.
fn read_redrive(fields: &Fields<'_>) -> Option<Redrive> {
    let policy = fields.document("RedrivePolicy")?;
    let count = match &policy["maxReceiveCount"] {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    let count = count
        .and_then(|count| u32::try_from(count).ok())
        .filter(|count| (1..=1_000).contains(count));
    let arn = policy["deadLetterTargetArn"]
        .as_str()
        .filter(|arn| arn.starts_with("arn:"));
    let (Some(max_receive_count), Some(queue_arn)) = (count, arn) else {
        let rule = "it has a deadLetterTargetArn and a maxReceiveCount from 1 to 1000";
        fields.not_allowed("RedrivePolicy", &policy.to_string(), rule);
        return None;
    };
    Some(Redrive {
        queue: String::new(),
        queue_arn: queue_arn.to_owned(),
        max_receive_count,
    })
}
