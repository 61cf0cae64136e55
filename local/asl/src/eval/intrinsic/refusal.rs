//! Calls that give no value.

use serde_json::Value;

/// The reason for which a function gives no value.
pub(super) enum Refusal {
    /// An argument is not what it takes. AWS says no more than which function it was.
    Arguments,
    /// AWS's sentence about a failure that it explains.
    Explained(&'static str),
}

/// The reason for which a call gives no value.
pub(super) enum Failure {
    /// A path among its arguments finds nothing.
    Path(String),
    /// The function refuses, with this sentence.
    Function(String),
    /// The arguments are more than any state's data may be.
    Size,
}

pub(super) type FunctionResult = Result<Value, Refusal>;

pub(super) fn refuse<T>() -> Result<T, Refusal> {
    Err(Refusal::Arguments)
}
