//! [ChangeMessageVisibility](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html)

use serde::Deserialize;
use sluice_streams::{VisibilityChange, VisibilityError};

use crate::request::{EmptyResponse, RequestContext};
use crate::{SqsError, receipt};

/// The longest time for which a message is hidden, in seconds: twelve hours.
const MAX_TIMEOUT: i64 = 43_200;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_url: Option<String>,
    #[serde(flatten)]
    change: Change,
}

/// A change's members, of one or of an entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Change {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<EmptyResponse, SqsError> {
    let sqs = context.sqs;
    let queue = sqs.queue_name(request.queue_url)?;
    let change = request.change.checked(&queue)?;
    let receipt = change.receipt;
    let results = sqs
        .streams
        .change_visibility(&queue, vec![change], sqs.account.now())
        .await?;
    let handle = receipt::seal(&queue, receipt);
    results
        .into_iter()
        .try_for_each(|one| one.map_err(|reason| refused(&handle, reason)))?;
    Ok(EmptyResponse {})
}

impl Change {
    pub(crate) fn checked(&self, queue: &str) -> Result<VisibilityChange, SqsError> {
        let receipt = receipt::open(queue, self.receipt_handle.as_deref())?;
        let seconds = self
            .visibility_timeout
            .ok_or(SqsError::MissingParameter("VisibilityTimeout"))?;
        if !(0..=MAX_TIMEOUT).contains(&seconds) {
            return Err(SqsError::InvalidParameterValue(format!(
                "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer \
                 between 0 and {MAX_TIMEOUT}."
            )));
        }
        let timeout = seconds * 1_000;
        Ok(VisibilityChange { receipt, timeout })
    }
}

/// SQS's error about a message that cannot be hidden.
pub(crate) fn refused(handle: &str, reason: VisibilityError) -> SqsError {
    let invalid = |reason: &str| {
        SqsError::InvalidParameterValue(format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"
        ))
    };
    match reason {
        VisibilityError::Gone => invalid("Message does not exist or is not available for visibility timeout change."),
        VisibilityError::NotInFlight => SqsError::MessageNotInflight,
        VisibilityError::TooLong => {
            invalid("Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
        }
    }
}
