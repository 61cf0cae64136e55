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
}

impl From<CloudFormationError> for ApiError {
    fn from(error: CloudFormationError) -> Self {
        let code = match error {
            CloudFormationError::StackDoesNotExist(_)
            | CloudFormationError::ResourceDoesNotExist { .. }
            | CloudFormationError::MissingParameter(_)
            | CloudFormationError::NoStackOrResource
            | CloudFormationError::InvalidToken => "ValidationError",
        };
        Self::client(code, error.to_string())
    }
}
