//! [DeleteMessageBatch](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html)

use serde::Deserialize;
use sluice_streams::Receipt;

use crate::batch::{self, BatchAction, BatchRequest, BatchResponse};
use crate::request::{EmptyResponse, RequestContext};
use crate::{Sqs, SqsError, receipt};

/// An entry's members besides its id.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Deletion {
    receipt_handle: Option<String>,
}

pub(crate) async fn call(
    context: &RequestContext<'_>,
    request: BatchRequest<Deletion>,
) -> Result<BatchResponse<EmptyResponse>, SqsError> {
    batch::call(context.sqs, request).await
}

impl BatchAction for Deletion {
    const SHAPE: &'static str = "DeleteMessageBatchRequestEntry";
    /// The queue's name.
    type Target = String;
    type Checked = Receipt;
    type Success = EmptyResponse;

    async fn target(_: &Sqs, queue: String) -> Result<String, SqsError> {
        Ok(queue)
    }

    fn check(self, _: &Sqs, queue: &String) -> Result<Receipt, SqsError> {
        receipt::open(queue, self.receipt_handle.as_deref())
    }

    async fn perform(
        sqs: &Sqs,
        queue: &String,
        receipts: Vec<Receipt>,
    ) -> Result<Vec<Result<EmptyResponse, SqsError>>, SqsError> {
        let count = receipts.len();
        sqs.streams.delete_messages(queue, receipts, sqs.account.now()).await?;
        Ok((0..count).map(|_| Ok(EmptyResponse {})).collect())
    }
}
