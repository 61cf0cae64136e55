//! [ChangeMessageVisibility](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_streams::{VisibilityChange, VisibilityRefused};

use super::name::name_in_url;
use super::{Call, SqsError, receipt};

/// In seconds: twelve hours.
const LONGEST: i64 = 43_200;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_url: Option<String>,
    #[serde(flatten)]
    change: Change,
}

/// A change's members, of one or of an entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Change {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let services = call.services;
    let queue = name_in_url(&services.config.account, request.queue_url)?;
    let change = request.change.checked(&queue)?;
    let done = services
        .streams
        .change_visibility(&queue, vec![change], services.config.now())
        .await?;
    done.into_iter().try_for_each(|one| one.map_err(refused))?;
    Ok(json!({}))
}

impl Change {
    pub(super) fn checked(&self, queue: &str) -> Result<VisibilityChange, SqsError> {
        let receipt = receipt::open(queue, self.receipt_handle.as_deref())?;
        let seconds = self
            .visibility_timeout
            .ok_or(SqsError::MissingParameter("VisibilityTimeout"))?;
        if !(0..=LONGEST).contains(&seconds) {
            return Err(too_long(seconds));
        }
        let timeout = seconds * 1_000;
        Ok(VisibilityChange { receipt, timeout })
    }
}

fn too_long(seconds: i64) -> SqsError {
    SqsError::InvalidParameterValue(format!(
        "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and \
         {LONGEST}."
    ))
}

/// What SQS says of a message that cannot be hidden.
pub(super) fn refused(why: VisibilityRefused) -> SqsError {
    let invalid = |reason: &str| {
        SqsError::InvalidParameterValue(format!(
            "Value for parameter ReceiptHandle is invalid. Reason: {reason}"
        ))
    };
    match why {
        VisibilityRefused::Gone => invalid("Message does not exist or is not available for visibility timeout change."),
        VisibilityRefused::NotInFlight => SqsError::MessageNotInflight,
        VisibilityRefused::TooLong => {
            invalid("Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
        }
    }
}
