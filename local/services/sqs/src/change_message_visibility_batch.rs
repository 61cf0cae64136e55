//! [ChangeMessageVisibilityBatch](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html)

use sluice_streams::VisibilityChange;

use crate::batch::{self, BatchAction, BatchRequest, BatchResponse};
use crate::change_message_visibility::{Change, refused};
use crate::request::{EmptyResponse, RequestContext};
use crate::{Sqs, SqsError, receipt};

pub(crate) async fn call(
    context: &RequestContext<'_>,
    request: BatchRequest<Change>,
) -> Result<BatchResponse<EmptyResponse>, SqsError> {
    batch::call(context.sqs, request).await
}

impl BatchAction for Change {
    const SHAPE: &'static str = "ChangeMessageVisibilityBatchRequestEntry";
    /// The queue's name.
    type Target = String;
    type Checked = VisibilityChange;
    type Success = EmptyResponse;

    async fn target(_: &Sqs, queue: String) -> Result<String, SqsError> {
        Ok(queue)
    }

    fn check(self, _: &Sqs, queue: &String) -> Result<VisibilityChange, SqsError> {
        self.checked(queue)
    }

    async fn perform(
        sqs: &Sqs,
        queue: &String,
        changes: Vec<VisibilityChange>,
    ) -> Result<Vec<Result<EmptyResponse, SqsError>>, SqsError> {
        let handles: Vec<String> = changes
            .iter()
            .map(|change| receipt::seal(queue, change.receipt))
            .collect();
        let results = sqs.streams.change_visibility(queue, changes, sqs.account.now()).await?;
        let results = results.into_iter().zip(handles);
        Ok(results
            .map(|(one, handle)| {
                one.map(|()| EmptyResponse {})
                    .map_err(|reason| refused(&handle, reason))
            })
            .collect())
    }
}
