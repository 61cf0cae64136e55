//! SQS's exceptions, from whatever went wrong.

use axum::http::StatusCode;
use sluice_streams::StreamsError;
use sluice_wire::ApiError;

/// The refusal of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqsError {
    /// No such queue.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    /// The name is taken by a queue with another value of that attribute.
    #[error("A queue already exists with the same name and a different value for attribute {0}")]
    QueueNameExists(&'static str),
    /// No attribute of queues.
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    /// An attribute's value is not valid.
    #[error("Invalid value for the parameter {0}.")]
    InvalidAttributeValue(String),
    /// A parameter's value is not valid.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// A parameter that must be there is not.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// The message has characters that XML does not allow.
    #[error(
        "Invalid binary character was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 \
         to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    /// The receipt handle is not one of this queue.
    #[error("The input receipt handle \"{}\" is not a valid receipt handle.", sluice_wire::shortened(.0))]
    ReceiptHandleIsInvalid(String),
    /// The message is visible.
    #[error("Message is not in flight.")]
    MessageNotInflight,
    /// The queue was purged less than a minute ago.
    #[error("Only one PurgeQueue operation on {0} is allowed every 60 seconds.")]
    PurgeQueueInProgress(String),
    /// Too many messages in flight.
    #[error("The maximum number of in flight messages is reached.")]
    OverLimit,
    /// A batch without entries.
    #[error("There should be at least one {0} in the request.")]
    EmptyBatchRequest(&'static str),
    /// More than ten entries.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    /// Two entries with one id.
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    /// An entry's id is not 1 to 80 letters, digits, hyphens and underscores.
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    /// All entries together are too long.
    #[error("Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes.")]
    BatchRequestTooLong {
        /// The most bytes.
        limit: usize,
        /// The bytes of the request.
        sent: usize,
    },
    /// A part of SQS that is not here.
    #[error("{0}")]
    UnsupportedOperation(String),
    /// The store failed.
    #[error(transparent)]
    Streams(StreamsError),
    /// The request is none that can be read.
    #[error("{message}")]
    Request {
        /// The HTTP status.
        status: u16,
        /// The exception's name.
        code: String,
        /// The problem.
        message: String,
    },
}

impl SqsError {
    /// The exception's name in awsJson.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::QueueDoesNotExist => "QueueDoesNotExist",
            Self::QueueNameExists(_) => "QueueNameExists",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidAttributeValue(_) => "InvalidAttributeValue",
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::MissingParameter(_) => "MissingParameter",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::ReceiptHandleIsInvalid(_) => "ReceiptHandleIsInvalid",
            Self::MessageNotInflight => "MessageNotInflight",
            Self::PurgeQueueInProgress(_) => "PurgeQueueInProgress",
            Self::OverLimit => "OverLimit",
            Self::EmptyBatchRequest(_) => "EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest(_) => "TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "InvalidBatchEntryId",
            Self::BatchRequestTooLong { .. } => "BatchRequestTooLong",
            Self::UnsupportedOperation(_) => "UnsupportedOperation",
            Self::Streams(_) => "InternalFailure",
            Self::Request { code, .. } => code,
        }
    }

    /// The name of the query protocol, and whose fault it is: `AWS.SimpleQueueService.NonExistentQueue;Sender`.
    pub(crate) fn query_error(&self) -> String {
        let fault = if self.is_senders() { "Sender" } else { "Receiver" };
        format!("{};{fault}", self.query_code())
    }

    /// Tells whether the caller is to blame.
    pub(crate) fn is_senders(&self) -> bool {
        !matches!(self, Self::Streams(_))
    }

    /// The name that the query protocol has for it, which entries of batches have too.
    pub(crate) fn query_code(&self) -> String {
        match self {
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
            Self::QueueNameExists(_) => "QueueAlreadyExists".to_owned(),
            Self::MessageNotInflight
            | Self::PurgeQueueInProgress(_)
            | Self::EmptyBatchRequest(_)
            | Self::TooManyEntriesInBatchRequest(_)
            | Self::BatchEntryIdsNotDistinct(_)
            | Self::InvalidBatchEntryId
            | Self::BatchRequestTooLong { .. }
            | Self::UnsupportedOperation(_) => format!("AWS.SimpleQueueService.{}", self.code()),
            Self::InvalidAttributeName(_)
            | Self::InvalidAttributeValue(_)
            | Self::InvalidParameterValue(_)
            | Self::MissingParameter(_)
            | Self::InvalidMessageContents
            | Self::ReceiptHandleIsInvalid(_)
            | Self::OverLimit
            | Self::Streams(_)
            | Self::Request { .. } => self.code().to_owned(),
        }
    }
}

impl From<StreamsError> for SqsError {
    fn from(error: StreamsError) -> Self {
        match error {
            StreamsError::NoQueue(_) => Self::QueueDoesNotExist,
            StreamsError::PurgeInProgress { queue, .. } => Self::PurgeQueueInProgress(queue),
            StreamsError::TooManyInFlight(_) => Self::OverLimit,
            StreamsError::NoStream(_)
            | StreamsError::StreamExists(_)
            | StreamsError::NoShard { .. }
            | StreamsError::ForeignSequence { .. }
            | StreamsError::Disk { .. }
            | StreamsError::Format { .. }
            | StreamsError::Closed
            | StreamsError::Panicked => Self::Streams(error),
        }
    }
}

impl From<ApiError> for SqsError {
    fn from(error: ApiError) -> Self {
        Self::Request {
            status: error.status.as_u16(),
            code: error.code.into_owned(),
            message: error.message,
        }
    }
}

impl From<SqsError> for ApiError {
    fn from(error: SqsError) -> Self {
        match &error {
            SqsError::Streams(inner) => Self::internal("InternalFailure", inner),
            SqsError::Request { status, code, .. } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST);
                Self::client(code.clone(), error.to_string()).status(status)
            }
            _ => Self::client(format!("com.amazonaws.sqs#{}", error.code()), error.to_string()),
        }
    }
}
