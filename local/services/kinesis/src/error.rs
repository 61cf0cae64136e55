//! Kinesis's exceptions, from whatever went wrong.

use axum::http::StatusCode;
use sluice_streams::StreamsError;
use sluice_wire::ApiError;

/// The refusal of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KinesisError {
    /// No such stream.
    #[error("Stream {name} under account {account} not found.")]
    StreamNotFound {
        /// The stream's name.
        name: String,
        /// The account.
        account: String,
    },
    /// No such shard.
    #[error("Could not find shard {shard} in stream {name} under account {account}.")]
    ShardNotFound {
        /// The shard's id.
        shard: String,
        /// The stream's name.
        name: String,
        /// The account.
        account: String,
    },
    /// The name is taken.
    #[error("Stream {name} under account {account} already exists.")]
    StreamExists {
        /// The stream's name.
        name: String,
        /// The account.
        account: String,
    },
    /// A value that is not valid here.
    #[error("{0}")]
    InvalidArgument(String),
    /// More than an account may have.
    #[error("{0}")]
    LimitExceeded(String),
    /// The shard has had its fill for this second.
    #[error("Rate exceeded for shard {shard} in stream {name} under account {account}.")]
    Throughput {
        /// The shard's id.
        shard: String,
        /// The stream's name.
        name: String,
        /// The account.
        account: String,
    },
    /// An iterator that was not used for five minutes.
    #[error(
        "Iterator expired. The iterator was created at time {issued} while right now it is {now} which is further in the \
         future than the tolerated delay of 300000 milliseconds."
    )]
    ExpiredIterator {
        /// The time at which it was given out.
        issued: String,
        /// The time now.
        now: String,
    },
    /// A token of a list that was not used for five minutes.
    #[error("The NextToken has expired; begin the list again.")]
    ExpiredNextToken,
    /// A member breaks its constraint; the message is AWS's.
    #[error("{0}")]
    Validation(String),
    /// The store failed.
    #[error(transparent)]
    Streams(#[from] StreamsError),
}

impl KinesisError {
    /// The exception's name on the wire.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::StreamNotFound { .. } | Self::ShardNotFound { .. } => "ResourceNotFoundException",
            Self::StreamExists { .. } => "ResourceInUseException",
            Self::InvalidArgument(_) => "InvalidArgumentException",
            Self::LimitExceeded(_) => "LimitExceededException",
            Self::Throughput { .. } => "ProvisionedThroughputExceededException",
            Self::ExpiredIterator { .. } => "ExpiredIteratorException",
            Self::ExpiredNextToken => "ExpiredNextTokenException",
            Self::Validation(_) => "ValidationException",
            Self::Streams(error) => match error {
                StreamsError::NoStream(_) | StreamsError::NoShard { .. } => "ResourceNotFoundException",
                StreamsError::StreamExists(_) => "ResourceInUseException",
                StreamsError::ForeignSequence { .. } => "InvalidArgumentException",
                StreamsError::NoQueue(_)
                | StreamsError::PurgeInProgress { .. }
                | StreamsError::TooManyInFlight(_)
                | StreamsError::Disk { .. }
                | StreamsError::Format { .. }
                | StreamsError::Closed
                | StreamsError::Panicked => "InternalFailure",
            },
        }
    }
}

impl From<KinesisError> for ApiError {
    fn from(error: KinesisError) -> Self {
        match error.code() {
            "InternalFailure" => Self::internal("InternalFailure", &error).status(StatusCode::INTERNAL_SERVER_ERROR),
            code => Self::client(code, error.to_string()),
        }
    }
}

/// From the constraints' check, which has its own form of error.
impl From<ApiError> for KinesisError {
    fn from(error: ApiError) -> Self {
        Self::Validation(error.message)
    }
}
