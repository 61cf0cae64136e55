use aws_sdk_sqs::Client;
use aws_types::SdkConfig;

use crate::call::CallError;

/// An SQS queue.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue with this URL. Calls go to the endpoint of `config`; the URL only names the queue.
    pub fn new(config: &SdkConfig, url: String) -> Self {
        Queue {
            client: Client::new(config),
            url,
        }
    }

    /// Puts a message into the queue: up to 256 KiB of text. SQS may replace the few characters that XML does not know
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>).
    ///
    /// # Errors
    /// [`CallError`] if SQS did not take it. A message whose answer was lost may be there twice.
    pub async fn send(&self, body: &str) -> Result<(), CallError> {
        let request = self.client.send_message().queue_url(&self.url).message_body(body);
        request
            .send()
            .await
            .map_err(|error| CallError::from_sdk("sqs:SendMessage", &error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::CallErrorKind;
    use crate::fake::Fake;

    const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/failures";

    #[tokio::test]
    async fn a_message_goes_to_the_queue() {
        let fake = Fake::new(vec![(200, json!({"MessageId": "m-1"}))]);
        let queue = Queue::new(&fake.config(), URL.to_owned());
        assert_eq!(queue.send("text").await, Ok(()));
        let (action, body) = fake.only_request();
        assert_eq!(action, "AmazonSQS.SendMessage");
        assert_eq!(body, json!({"QueueUrl": URL, "MessageBody": "text"}));
    }

    #[tokio::test]
    async fn what_may_pass_is_told_from_what_will_not() {
        for (status, name, kind) in [
            (400, "RequestThrottled", CallErrorKind::Throttled),
            (400, "KmsThrottled", CallErrorKind::Throttled),
            (400, "QueueDoesNotExist", CallErrorKind::Refused),
            (400, "AccessDeniedException", CallErrorKind::Refused),
            (500, "InternalFailure", CallErrorKind::Unreachable),
        ] {
            let fake = Fake::new(vec![(status, json!({"__type": name, "message": "m"}))]);
            let error = Queue::new(&fake.config(), URL.to_owned()).send("text").await;
            assert_eq!(error.map_err(|error| error.kind), Err(kind), "{name}");
        }
    }
}
