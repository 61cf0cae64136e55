//! [SendMessageBatch](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html)

use sluice_streams::Queue;

use crate::batch::{self, BatchAction, BatchRequest, BatchResponse};
use crate::request::RequestContext;
use crate::send_message::{Checked, Message, Response};
use crate::{Sqs, SqsError};

/// The most bytes of all messages together.
const MAX_BYTES: usize = 1_048_576;

pub(crate) async fn call(
    context: &RequestContext<'_>,
    request: BatchRequest<Message>,
) -> Result<BatchResponse<Response>, SqsError> {
    batch::call(context.sqs, request).await
}

impl BatchAction for Message {
    const SHAPE: &'static str = "SendMessageBatchRequestEntry";
    type Target = Queue;
    type Checked = Checked;
    type Success = Response;

    async fn target(sqs: &Sqs, queue: String) -> Result<Queue, SqsError> {
        sqs.queue(&queue).await
    }

    fn check(self, sqs: &Sqs, queue: &Queue) -> Result<Checked, SqsError> {
        self.checked(sqs, queue)
    }

    async fn perform(
        sqs: &Sqs,
        queue: &Queue,
        entries: Vec<Checked>,
    ) -> Result<Vec<Result<Response, SqsError>>, SqsError> {
        let bytes = entries.iter().map(|entry| entry.bytes).sum();
        if bytes > MAX_BYTES {
            let (limit, sent) = (MAX_BYTES, bytes);
            return Err(SqsError::BatchRequestTooLong { limit, sent });
        }
        let (messages, responses): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .map(|entry| (entry.message, Ok(entry.response)))
            .unzip();
        if !messages.is_empty() {
            sqs.streams.send(&queue.name, messages, sqs.account.now()).await?;
        }
        Ok(responses)
    }
}
