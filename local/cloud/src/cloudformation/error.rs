//! CloudFormation's errors.

use crate::endpoint::{ApiError, shortened};

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CloudFormationError {
    #[error("Stack with id {} does not exist", shortened(.0))]
    StackDoesNotExist(String),
    #[error("Resource {} does not exist for stack {stack}", shortened(.resource))]
    ResourceDoesNotExist { resource: String, stack: String },
    #[error("1 validation error detected: Value null at '{0}' failed to satisfy constraint: Member must not be null")]
    MissingParameter(&'static str),
    #[error("Either StackName or PhysicalResourceId must be specified")]
    NoStackOrResource,
    #[error("Invalid NextToken")]
    InvalidToken,
    #[error("RetainResources can be given only when the deletion of stack {0} has failed (DELETE_FAILED)")]
    RetainTooEarly(String),
    #[error("Export {export} cannot be deleted as it is in use by {by}")]
    ExportInUse { export: String, by: String },
    #[error(
        "Stack [{0}] cannot be deleted while TerminationProtection is enabled. Locally it always is: the stack holds the \
         tables. Stop sluice instead, and remove its data directory to be rid of everything"
    )]
    Protected(String),
}

impl From<CloudFormationError> for ApiError {
    fn from(error: CloudFormationError) -> Self {
        let code = match error {
            CloudFormationError::StackDoesNotExist(_)
            | CloudFormationError::ResourceDoesNotExist { .. }
            | CloudFormationError::MissingParameter(_)
            | CloudFormationError::NoStackOrResource
            | CloudFormationError::RetainTooEarly(_)
            | CloudFormationError::ExportInUse { .. }
            | CloudFormationError::Protected(_)
            | CloudFormationError::InvalidToken => "ValidationError",
        };
        Self::client(code, error.to_string())
    }
}
