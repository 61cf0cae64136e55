//! The JSON texts that callers hand in: an execution's input, a task's output.

use serde_json::Value;
use sluice_wire::ApiError;

use crate::{StatesError, json_error};

/// The most bytes of UTF-8 in an input or output.
pub(crate) const MAX_BYTES: usize = 262_144;

/// The reason why a text is no input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    TooLong,
    Empty,
    NotJson(String),
}

/// AWS's refusal of a member that is too long and whose value it does not repeat.
pub(crate) fn too_long(member: &str) -> StatesError {
    ApiError::validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than \
         or equal to {MAX_BYTES}"
    ))
    .into()
}

/// The value of a JSON text of at most 262,144 bytes.
pub(crate) fn parse(text: &str) -> Result<Value, Refused> {
    if text.len() > MAX_BYTES {
        return Err(Refused::TooLong);
    }
    if text.trim().is_empty() {
        return Err(Refused::Empty);
    }
    json_error::parse(text).map_err(Refused::NotJson)
}
