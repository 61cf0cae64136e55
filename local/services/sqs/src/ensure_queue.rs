//! The queues of stacks.

use sluice_streams::{Queue, StreamsError};

use crate::attributes::{self, Attributes};
use crate::{Sqs, SqsError, name};

/// A queue as a template declares it
/// ([AWS::SQS::Queue](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html)).
/// An absent value is SQS's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueSpec {
    /// Its name: 1 to 80 letters, digits, hyphens and underscores.
    pub name: String,
    /// The time for which a received message is hidden: 0 to 43,200 s.
    pub visibility_timeout_seconds: Option<u32>,
    /// The time for which a message is kept: 60 to 1,209,600 s.
    pub message_retention_seconds: Option<u32>,
    /// The time for which a new message is hidden: 0 to 900 s.
    pub delay_seconds: Option<u32>,
    /// The time for which a receive waits: 0 to 20 s.
    pub receive_wait_seconds: Option<u32>,
    /// The longest message: 1,024 to 1,048,576 bytes.
    pub maximum_message_size: Option<u32>,
    /// The dead-letter queue.
    pub dead_letters: Option<DeadLetters>,
    /// `SqsManagedSseEnabled`, which is returned and has no effect.
    pub sqs_managed_sse: Option<bool>,
}

/// `RedrivePolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// The ARN of the dead letter queue.
    pub target_arn: String,
    /// The receives after which a message goes there: 1 to 1,000.
    pub max_receive_count: u32,
}

impl QueueSpec {
    fn attributes(&self) -> Attributes {
        let numbers = [
            ("VisibilityTimeout", self.visibility_timeout_seconds),
            ("MessageRetentionPeriod", self.message_retention_seconds),
            ("DelaySeconds", self.delay_seconds),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait_seconds),
            ("MaximumMessageSize", self.maximum_message_size),
        ];
        let numbers = numbers
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_string())));
        let mut attributes: Attributes = numbers.collect();
        if let Some(sse) = self.sqs_managed_sse {
            attributes.insert("SqsManagedSseEnabled".to_owned(), sse.to_string());
        }
        if let Some(dead) = &self.dead_letters {
            let policy = serde_json::json!({
                "deadLetterTargetArn": dead.target_arn, "maxReceiveCount": dead.max_receive_count,
            });
            attributes.insert("RedrivePolicy".to_owned(), policy.to_string());
        }
        attributes
    }
}

impl Sqs {
    /// Makes the queue, or gives the one that is there the settings that the template says. Its messages stay.
    ///
    /// # Errors
    /// [`SqsError`] for what breaks a limit, and when the store fails.
    pub async fn ensure_queue(&self, spec: &QueueSpec) -> Result<Queue, SqsError> {
        name::check(&spec.name)?;
        let wanted = attributes::set(attributes::defaults(), &spec.attributes())?;
        let now = self.account.now();
        let queue = self.streams.create_queue(&spec.name, wanted.clone(), now).await?;
        if queue.settings == wanted {
            return Ok(queue);
        }
        Ok(self.streams.set_queue(&spec.name, wanted, now).await?)
    }

    /// Deletes a stack's queue with its messages; one that is not there is deleted already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_queue(&self, name: &str) -> Result<(), SqsError> {
        if !self.streams.exists() {
            return Ok(());
        }
        match self.streams.delete_queue(name).await {
            Ok(()) | Err(StreamsError::NoQueue(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
