//! Calls that give no value.

use serde_json::Value;

/// The reason for which a call gives no value.
pub(super) enum Failure {
    /// A path among its arguments finds nothing.
    Path(String),
    /// An argument is not what the function takes.
    Argument(String),
    /// The arguments are more than any state's data may be.
    Size,
}

pub(super) type FunctionResult = Result<Value, Failure>;

pub(super) fn refuse<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Argument(message.into()))
}
