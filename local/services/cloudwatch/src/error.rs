//! CloudWatch's errors.

use axum::http::StatusCode;
use serde_json::Value;
use sluice_driver::DriverError;
use sluice_metrics::TooManySeries;
use sluice_metrics::query::QueryError;
use sluice_wire::{ApiError, shortened};

use crate::MetricsError;
use crate::node::Node;

/// The refusal of a call.
#[derive(Debug, thiserror::Error)]
pub enum CloudWatchError {
    /// A member breaks its constraint.
    #[error("{0}")]
    Validation(String),
    /// A request that does not fit its shape.
    #[error("{0}")]
    Serialization(String),
    /// A value that the operation does not take.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// Members that do not go together.
    #[error("{0}")]
    InvalidParameterCombination(String),
    /// A member that must be there.
    #[error("The parameter {0} is required.")]
    MissingParameter(&'static str),
    /// A token of another list.
    #[error("The next token specified is invalid.")]
    InvalidNextToken,
    /// No such dashboard.
    #[error("Dashboard {} does not exist", shortened(.0))]
    DashboardNotFound(String),
    /// No such alarm.
    #[error("Alarm {} does not exist", shortened(.0))]
    AlarmNotFound(String),
    /// Data of a state that is no JSON.
    #[error("{0}")]
    InvalidFormat(String),
    /// The problems of a dashboard's body, each with its place.
    #[error("The field DashboardBody must be a valid JSON object: {}", .0.iter().map(|(path, message)| format!("{path} {message}")).collect::<Vec<_>>().join("; "))]
    DashboardInvalid(Vec<(String, String)>),
    /// More metrics than are kept.
    #[error(transparent)]
    TooManySeries(#[from] TooManySeries),
    /// An operation that is not here.
    #[error("The operation {} is not available on the local CloudWatch endpoint, which knows: {known}.", shortened(.operation))]
    UnknownOperation {
        /// As asked.
        operation: String,
        /// The operations that there are.
        known: String,
    },
    /// The metrics' file cannot be read or written.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The journal, which keeps the dashboards.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

impl From<QueryError> for CloudWatchError {
    fn from(error: QueryError) -> Self {
        Self::Validation(error.to_string())
    }
}

impl From<ApiError> for CloudWatchError {
    /// From the check of constraints on members, the only part of the wire that refuses anything here.
    fn from(error: ApiError) -> Self {
        Self::Validation(error.message)
    }
}

/// The names of an error: its shape in the newer protocols, its code in the query protocol.
pub(crate) struct Names {
    pub(crate) shape: &'static str,
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
}

impl CloudWatchError {
    pub(crate) fn names(&self) -> Names {
        let (shape, code, status) = match self {
            Self::Validation(_) => ("ValidationError", "ValidationError", StatusCode::BAD_REQUEST),
            Self::Serialization(_) => ("SerializationException", "MalformedInput", StatusCode::BAD_REQUEST),
            Self::InvalidParameterValue(_) => (
                "InvalidParameterValueException",
                "InvalidParameterValue",
                StatusCode::BAD_REQUEST,
            ),
            Self::InvalidParameterCombination(_) => (
                "InvalidParameterCombinationException",
                "InvalidParameterCombination",
                StatusCode::BAD_REQUEST,
            ),
            Self::MissingParameter(_) => (
                "MissingRequiredParameterException",
                "MissingParameter",
                StatusCode::BAD_REQUEST,
            ),
            Self::InvalidNextToken => ("InvalidNextToken", "InvalidNextToken", StatusCode::BAD_REQUEST),
            Self::DashboardNotFound(_) => ("DashboardNotFoundError", "ResourceNotFound", StatusCode::NOT_FOUND),
            Self::AlarmNotFound(_) => ("ResourceNotFound", "ResourceNotFound", StatusCode::NOT_FOUND),
            Self::InvalidFormat(_) => ("InvalidFormatFault", "InvalidFormat", StatusCode::BAD_REQUEST),
            Self::DashboardInvalid(_) => (
                "DashboardInvalidInputError",
                "InvalidParameterInput",
                StatusCode::BAD_REQUEST,
            ),
            Self::TooManySeries(_) => ("LimitExceededFault", "LimitExceeded", StatusCode::BAD_REQUEST),
            Self::UnknownOperation { .. } => ("UnknownOperationException", "InvalidAction", StatusCode::BAD_REQUEST),
            Self::Metrics(_) | Self::Driver(_) => (
                "InternalServiceFault",
                "InternalServiceError",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
        };
        Names { shape, code, status }
    }

    /// The members of the error beside its message.
    pub(crate) fn details(&self) -> Vec<(&'static str, Node)> {
        let Self::DashboardInvalid(problems) = self else {
            return Vec::new();
        };
        let problem = |(path, message): &(String, String)| {
            Node::Record(vec![("DataPath", Node::text(path)), ("Message", Node::text(message))])
        };
        vec![(
            "dashboardValidationMessages",
            Node::List(problems.iter().map(problem).collect()),
        )]
    }

    /// The request is no value of its shape.
    pub(crate) fn unreadable(error: &serde_json::Error, request: &Value) -> Self {
        let kind = if request.is_object() {
            ""
        } else {
            "The request must be an object: "
        };
        Self::Serialization(format!("{kind}{error}"))
    }
}
