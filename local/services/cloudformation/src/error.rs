//! CloudFormation's errors.

use axum::http::StatusCode;
use sluice_driver::{DriverError, Fault};
use sluice_wire::{ApiError, shortened};

/// The refusal of a call.
#[derive(Debug, thiserror::Error)]
pub enum CloudFormationError {
    /// No such stack.
    #[error("Stack with id {} does not exist", shortened(.0))]
    StackDoesNotExist(String),
    /// No such stack, of whose events one asks.
    #[error("Stack [{}] does not exist", shortened(.0))]
    NoEventsOfStack(String),
    /// No such resource in the stack.
    #[error("Resource {} does not exist for stack {stack}", shortened(.resource))]
    ResourceDoesNotExist {
        /// The logical id.
        resource: String,
        /// The stack's name.
        stack: String,
    },
    /// A parameter that must be there is not.
    #[error("1 validation error detected: Value null at '{0}' failed to satisfy constraint: Member must not be null")]
    MissingParameter(&'static str),
    /// Neither a stack nor a resource is named.
    #[error("Either StackName or PhysicalResourceId must be specified")]
    NoStackOrResource,
    /// A token that no page gave out.
    #[error("Invalid NextToken")]
    InvalidToken,
    /// Resources are to be retained before the deletion has failed.
    #[error("RetainResources can be given only when the deletion of stack {0} has failed (DELETE_FAILED)")]
    RetainTooEarly(String),
    /// Another stack imports an export.
    #[error("Export {export} cannot be deleted as it is in use by {by}")]
    ExportInUse {
        /// The export's name.
        export: String,
        /// The names of the stacks that import it.
        by: String,
    },
    /// The stack has termination protection.
    #[error(
        "Stack [{0}] cannot be deleted while TerminationProtection is enabled. Locally it always is: the stack holds the \
         tables. Stop sluice instead, and remove its data directory to be rid of everything"
    )]
    Protected(String),
    /// The journal, which keeps the stacks.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The request is none that can be read, or for no action that is here.
    #[error("{}", .0.message)]
    Request(ApiError),
}

impl From<ApiError> for CloudFormationError {
    fn from(error: ApiError) -> Self {
        Self::Request(error)
    }
}

impl From<CloudFormationError> for ApiError {
    fn from(error: CloudFormationError) -> Self {
        match error {
            CloudFormationError::Request(error) => error,
            CloudFormationError::Driver(
                error @ (DriverError::Closed
                | DriverError::Stopped { .. }
                | DriverError::Journal {
                    fault: Fault::Transient,
                    ..
                }),
            ) => Self::client("ServiceUnavailable", error.to_string()).status(StatusCode::SERVICE_UNAVAILABLE),
            CloudFormationError::Driver(error) => Self::internal("InternalServerError", &error),
            CloudFormationError::StackDoesNotExist(_)
            | CloudFormationError::NoEventsOfStack(_)
            | CloudFormationError::ResourceDoesNotExist { .. }
            | CloudFormationError::MissingParameter(_)
            | CloudFormationError::NoStackOrResource
            | CloudFormationError::RetainTooEarly(_)
            | CloudFormationError::ExportInUse { .. }
            | CloudFormationError::Protected(_)
            | CloudFormationError::InvalidToken => Self::client("ValidationError", error.to_string()),
        }
    }
}
