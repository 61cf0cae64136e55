use aws_sdk_sns::Client;
use aws_types::SdkConfig;

use crate::call::CallError;

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
    /// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
    ///
    /// # Errors
    /// [`CallError`] if SNS did not take it. A message whose answer was lost may go out twice.
    pub async fn publish(&self, subject: &str, text: &str) -> Result<(), CallError> {
        let request = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(subject)
            .message(text);
        request
            .send()
            .await
            .map_err(|error| CallError::from_sdk("sns:Publish", &error))?;
        Ok(())
    }
}
