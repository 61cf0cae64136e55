//! SNS's exceptions.

use axum::http::StatusCode;
use sluice_driver::DriverError;

use sluice_wire::ApiError;

/// The exceptions of SNS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnsError {
    /// A parameter's value is not valid.
    #[error("Invalid parameter: {0}")]
    InvalidParameter(String),
    /// No such topic.
    #[error("Topic does not exist")]
    TopicNotFound,
    /// No such subscription.
    #[error("Subscription does not exist")]
    SubscriptionNotFound,
    /// A batch without entries.
    #[error("The batch request doesn't contain any entries.")]
    EmptyBatchRequest,
    /// More than ten entries.
    #[error("The batch request contains more entries than permissible (more than 10).")]
    TooManyEntriesInBatchRequest,
    /// Two entries with one id.
    #[error("Two or more batch entries in the request have the same Id.")]
    BatchEntryIdsNotDistinct,
    /// An entry's id is not 1 to 80 letters, digits, hyphens and underscores.
    #[error("The Id of a batch entry in a batch request doesn't abide by the specification.")]
    InvalidBatchEntryId,
    /// All entries together are too long.
    #[error("The length of all the batch messages put together is more than the limit.")]
    BatchRequestTooLong,
    /// The journal failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

impl SnsError {
    /// The error about a parameter that must be there.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::InvalidParameter(format!("{parameter} Reason: no value for required parameter"))
    }

    /// The error about a filter policy, in the words that SNS has for it.
    pub(crate) fn filter_policy(why: &str) -> Self {
        Self::InvalidParameter(format!("FilterPolicy: {why}"))
    }

    /// The error's name on the wire.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::InvalidParameter(_) => "InvalidParameter",
            Self::TopicNotFound | Self::SubscriptionNotFound => "NotFound",
            Self::EmptyBatchRequest => "EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest => "TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct => "BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "InvalidBatchEntryId",
            Self::BatchRequestTooLong => "BatchRequestTooLong",
            Self::Driver(_) => "InternalError",
        }
    }
}

impl From<SnsError> for ApiError {
    fn from(error: SnsError) -> Self {
        match error {
            SnsError::Driver(error) => Self::store(&error, error.is_retryable()),
            SnsError::TopicNotFound | SnsError::SubscriptionNotFound => {
                Self::client(error.code(), error.to_string()).status(StatusCode::NOT_FOUND)
            }
            _ => Self::client(error.code(), error.to_string()),
        }
    }
}
