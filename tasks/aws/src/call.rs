use std::error::Error as StdError;
use std::pin::Pin;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use thiserror::Error;

/// Keeps a call that every event makes out of the futures around it: it takes kilobytes, and those are moved from layer to layer.
pub(crate) fn boxed<F: Future>(call: F) -> Pin<Box<F>> {
    Box::pin(call)
}

/// The meaning of a failed call for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The service took it as too much for now. It did nothing; the same call may work in a moment.
    Throttled,
    /// No usable answer: the call may or may not have taken effect.
    Unreachable,
    /// The service answered no, and would again.
    Refused,
}

/// A call to AWS that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{action} failed: {message}")]
pub struct CallError {
    /// The API action, as `dynamodb:PutItem`.
    pub action: &'static str,
    /// The meaning.
    pub kind: CallErrorKind,
    /// The service's name and words for it, or what went wrong on the way.
    pub message: String,
}

/// The codes by which AWS services say "slow down"
/// (<https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html> and the services' own).
const THROTTLES: [&str; 15] = [
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "TooManyRequests",
    "ProvisionedThroughputExceededException",
    "ExecutionLimitExceeded",
    "RequestThrottledException",
    "RequestThrottled",
    "KmsThrottled",
    "KmsThrottlingException",
    "KMS.ThrottlingException",
    // another transaction was in the way
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl CallError {
    /// Reads an SDK's error.
    pub(crate) fn from_sdk<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + 'static,
    {
        let (kind, message) = match error {
            SdkError::ServiceError(answer) => {
                let code = answer.err().code().unwrap_or("an error without a name");
                let text = answer.err().message().unwrap_or("no message");
                let status = answer.raw().status().as_u16();
                let kind = if THROTTLES.contains(&code) || status == 429 {
                    CallErrorKind::Throttled
                } else if status >= 500 {
                    CallErrorKind::Unreachable
                } else {
                    CallErrorKind::Refused
                };
                (kind, format!("{code}: {text}"))
            }
            SdkError::ConstructionFailure(_) => (CallErrorKind::Refused, chain(error)),
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
                (CallErrorKind::Unreachable, chain(error))
            }
            // The enum may grow; what we do not know may have taken effect.
            _ => (CallErrorKind::Unreachable, chain(error)),
        };
        CallError { action, kind, message }
    }

    /// An answer that is not what the API promises.
    pub(crate) fn unreadable(action: &'static str, what: impl Into<String>) -> Self {
        CallError {
            action,
            kind: CallErrorKind::Refused,
            message: what.into(),
        }
    }

    /// The name of the service that was called, for people.
    pub fn service(&self) -> &'static str {
        match self.action.split_once(':').map_or(self.action, |(prefix, _)| prefix) {
            "dynamodb" => "DynamoDB",
            "states" => "Step Functions",
            "sns" => "SNS",
            "sqs" => "SQS",
            _ => "AWS",
        }
    }

    /// Tells whether the same call may work in a moment.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            CallErrorKind::Throttled | CallErrorKind::Unreachable => true,
            CallErrorKind::Refused => false,
        }
    }
}

/// An error and its causes on one line: the SDK's own text says only "dispatch failure".
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
