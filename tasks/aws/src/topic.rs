use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;

use crate::call::{CallError, CallErrorKind};

/// The SNS topic whose subscribers get the mails.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic with this ARN.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Topic {
            client: Client::new(config),
            arn,
        }
    }

    /// Publishes a message: `subject` is ASCII below 100 characters on one line
    /// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>). The filter policies of subscriptions go by the text
    /// `attributes` (name, value).
    ///
    /// # Errors
    /// [`CallError`] if SNS did not take it. A message whose answer was lost may go out twice.
    pub async fn publish(&self, subject: &str, text: &str, attributes: &[(&str, &str)]) -> Result<(), CallError> {
        let mut request = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(subject)
            .message(text);
        for (name, value) in attributes {
            let attribute = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*value)
                .build()
                .map_err(|error| CallError::unreadable("sns:Publish", error.to_string()))?;
            request = request.message_attributes(*name, attribute);
        }
        request
            .send()
            .await
            .map_err(|error| CallError::from_sdk("sns:Publish", &error))?;
        Ok(())
    }

    /// Answers how many subscriptions of the topic are confirmed. A mail scanner that follows the link to unsubscribe makes it
    /// fewer, and so does SNS when it suspends one.
    ///
    /// # Errors
    /// [`CallError`] if SNS did not answer, or not with a number.
    pub async fn confirmed_subscriptions(&self) -> Result<u64, CallError> {
        const ACTION: &str = "sns:GetTopicAttributes";
        let request = self.client.get_topic_attributes().topic_arn(&self.arn);
        let answer = request
            .send()
            .await
            .map_err(|error| CallError::from_sdk(ACTION, &error))?;
        let confirmed = answer.attributes().and_then(|all| all.get("SubscriptionsConfirmed"));
        confirmed
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| CallError {
                action: ACTION,
                kind: CallErrorKind::Refused,
                message: format!("SubscriptionsConfirmed is {confirmed:?}, which is no number"),
            })
    }
}
