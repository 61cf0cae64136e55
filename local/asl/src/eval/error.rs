//! The errors of evaluations, in AWS's words.

use std::fmt;

/// The `States.…` error that an evaluation ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorName {
    /// `States.Runtime`.
    Runtime,
    /// `States.QueryEvaluationError` (JSONata; the history gets an `EvaluationFailed` event).
    QueryEvaluation,
    /// `States.ParameterPathFailure`.
    ParameterPathFailure,
    /// `States.ResultPathMatchFailure`.
    ResultPathMatchFailure,
    /// `States.NoChoiceMatched`.
    NoChoiceMatched,
    /// `States.DataLimitExceeded`.
    DataLimitExceeded,
}

impl ErrorName {
    /// The name as `ErrorEquals` matches it.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorName::Runtime => "States.Runtime",
            ErrorName::QueryEvaluation => "States.QueryEvaluationError",
            ErrorName::ParameterPathFailure => "States.ParameterPathFailure",
            ErrorName::ResultPathMatchFailure => "States.ResultPathMatchFailure",
            ErrorName::NoChoiceMatched => "States.NoChoiceMatched",
            ErrorName::DataLimitExceeded => "States.DataLimitExceeded",
        }
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed evaluation: data, not a bug. The engine puts "An error occurred while executing the state …" in front of
/// the cause, because only it knows the state's event id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {cause}")]
pub struct EvalError {
    /// Its name.
    pub name: ErrorName,
    /// AWS's text, without the leading sentence about the state.
    pub cause: String,
    /// The field, for JSONata's `EvaluationFailed` event: `Output`, `Items`, `Arguments/a`.
    pub location: Option<String>,
}

impl EvalError {
    /// A `States.DataLimitExceeded` error.
    pub(crate) fn too_much() -> Self {
        Self {
            name: ErrorName::DataLimitExceeded,
            cause: "The evaluated data exceeds the maximum number of bytes service limit.".to_owned(),
            location: None,
        }
    }

    /// A `States.Runtime` error.
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self {
            name: ErrorName::Runtime,
            cause: cause.into(),
            location: None,
        }
    }

    /// A path in a payload template, `ErrorPath` or `CausePath` that finds nothing.
    pub(crate) fn path_not_found(path: &str, field: &str, input: &serde_json::Value) -> Self {
        Self::runtime(format!(
            "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
        ))
    }

    /// A `States.QueryEvaluationError` of the field `location`.
    pub fn query(location: Option<&str>, cause: impl Into<String>) -> Self {
        Self {
            name: ErrorName::QueryEvaluation,
            cause: cause.into(),
            location: location.map(str::to_owned),
        }
    }
}
