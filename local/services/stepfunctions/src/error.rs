//! Step Functions' exceptions.

use sluice_driver::{DriverError, StartError, TokenError, VersionError};
use sluice_wire::ApiError;

/// The exceptions of the API's model, with AWS's messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StatesError {
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    #[error("Invalid Name: '{0}'")]
    InvalidName(String),
    #[error("{0}")]
    InvalidDefinition(String),
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    #[error("Invalid Output: '{0}'")]
    InvalidOutput(String),
    #[error("Invalid Token: '{0}'")]
    InvalidToken(String),
    #[error("Invalid Logging Configuration: {0}")]
    InvalidLoggingConfiguration(String),
    #[error("Invalid Encryption Configuration: '{0}'")]
    InvalidEncryptionConfiguration(String),
    #[error("State Machine Already Exists: '{0}'")]
    StateMachineAlreadyExists(String),
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    #[error("State Machine is being deleted: '{0}'")]
    StateMachineDeleting(String),
    #[error("This operation is not supported by this type of state machine")]
    StateMachineTypeNotSupported,
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    #[error("{0}")]
    ExecutionNotRedrivable(String),
    #[error("Activity Does Not Exist: '{0}'")]
    ActivityDoesNotExist(String),
    #[error("Activity Already Exists: '{0}'")]
    ActivityAlreadyExists(String),
    #[error("Activity Worker Limit Exceeded: '{0}'")]
    ActivityWorkerLimitExceeded(String),
    #[error("Resource not found: '{0}'")]
    ResourceNotFound(String),
    #[error("Request references a resource that does not exist.")]
    ReferenceNotFound,
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    ServiceQuotaExceeded(String),
    #[error("Rate exceeded")]
    Throttled,
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
    #[error("Task Does Not Exist: 'Provided task does not exist'")]
    TaskDoesNotExist,
    #[error("Too many tags: a resource has at most {limit}")]
    TooManyTags { limit: usize },
    #[error(transparent)]
    Driver(#[from] DriverError),
    #[error("{}", .0.message)]
    Api(ApiError),
}

impl StatesError {
    /// The exception's name, as the SDKs know it.
    fn code(&self) -> &'static str {
        match self {
            Self::InvalidArn(_) => "InvalidArn",
            Self::InvalidName(_) => "InvalidName",
            Self::InvalidDefinition(_) => "InvalidDefinition",
            Self::InvalidExecutionInput(_) => "InvalidExecutionInput",
            Self::InvalidOutput(_) => "InvalidOutput",
            Self::InvalidToken(_) => "InvalidToken",
            Self::InvalidLoggingConfiguration(_) => "InvalidLoggingConfiguration",
            Self::InvalidEncryptionConfiguration(_) => "InvalidEncryptionConfiguration",
            Self::StateMachineAlreadyExists(_) => "StateMachineAlreadyExists",
            Self::StateMachineDoesNotExist(_) => "StateMachineDoesNotExist",
            Self::StateMachineDeleting(_) => "StateMachineDeleting",
            Self::StateMachineTypeNotSupported => "StateMachineTypeNotSupported",
            Self::ExecutionAlreadyExists(_) => "ExecutionAlreadyExists",
            Self::ExecutionDoesNotExist(_) => "ExecutionDoesNotExist",
            Self::ExecutionNotRedrivable(_) => "ExecutionNotRedrivable",
            Self::ResourceNotFound(_) | Self::ReferenceNotFound => "ResourceNotFound",
            Self::Conflict(_) => "ConflictException",
            Self::ServiceQuotaExceeded(_) => "ServiceQuotaExceededException",
            Self::ActivityDoesNotExist(_) => "ActivityDoesNotExist",
            Self::ActivityAlreadyExists(_) => "ActivityAlreadyExists",
            Self::ActivityWorkerLimitExceeded(_) => "ActivityWorkerLimitExceeded",
            Self::Throttled => "ThrottlingException",
            Self::TaskTimedOut => "TaskTimedOut",
            Self::TaskDoesNotExist => "TaskDoesNotExist",
            Self::TooManyTags { .. } => "TooManyTags",
            Self::Driver(_) | Self::Api(_) => "InternalServerError",
        }
    }
}

impl From<ApiError> for StatesError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<StatesError> for ApiError {
    fn from(error: StatesError) -> Self {
        match error {
            StatesError::Api(error) => error,
            StatesError::Driver(error) => driver_error(&error),
            _ => Self::client(error.code(), error.to_string()),
        }
    }
}

fn driver_error(error: &DriverError) -> ApiError {
    match error {
        DriverError::TooDeep { .. } => ApiError::validation(error.to_string()),
        DriverError::InvalidCursor(_) => ApiError::client("InvalidToken", error.to_string()),
        DriverError::Definition { .. } => ApiError::client("InvalidDefinition", error.to_string()),
        _ => ApiError::store(error, error.is_retryable()),
    }
}

impl From<StartError> for StatesError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::AlreadyExists { arn, .. } => Self::ExecutionAlreadyExists(arn),
            StartError::MachineNotFound { arn } => Self::StateMachineDoesNotExist(arn),
            StartError::MachineDeleting { arn } => Self::StateMachineDeleting(arn),
            StartError::Busy => Self::Throttled,
            StartError::Driver(error) => Self::Driver(error),
        }
    }
}

impl From<VersionError> for StatesError {
    fn from(error: VersionError) -> Self {
        match error {
            VersionError::MachineNotFound { arn } => Self::StateMachineDoesNotExist(arn),
            VersionError::VersionNotFound { .. } | VersionError::AliasNotFound => Self::ReferenceNotFound,
            VersionError::Referenced { aliases } => Self::Conflict(format!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this \
                 version: [{}]",
                aliases.join(", ")
            )),
            VersionError::AliasExists => Self::Conflict(
                "Failed to create alias because an alias with the same name and a different routing configuration \
                 already exists."
                    .into(),
            ),
            VersionError::RevisionChanged { wanted, current } => Self::Conflict(format!(
                "Failed to publish the State Machine version for revision {}. The current State Machine revision is {}.",
                shown_revision(&wanted),
                shown_revision(&current)
            )),
            VersionError::QuotaExceeded { .. } => Self::ServiceQuotaExceeded(error.to_string()),
            VersionError::Driver(error) => Self::Driver(error),
        }
    }
}

/// A revision id as it is spoken of: the first revision has none, and goes by a name.
fn shown_revision(id: &str) -> &str {
    if id.is_empty() { INITIAL_REVISION } else { id }
}

/// PublishStateMachineVersion's name for the revision of a state machine that was never updated.
pub(crate) const INITIAL_REVISION: &str = "INITIAL";

impl From<TokenError> for StatesError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::InvalidToken("Invalid token".into()),
            TokenError::TimedOut => Self::TaskTimedOut,
            TokenError::DoesNotExist => Self::TaskDoesNotExist,
            TokenError::Driver(error) => Self::Driver(error),
        }
    }
}
