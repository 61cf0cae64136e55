//! Starts executions, each once however often it is asked for: the way into the workflow, from the URL and the stream.

use serde_json::Value;
use sluice_aws::{CallError, Description, Executions, StartError};
use tokio::time::Instant;

use crate::http::BODY_LIMIT;
use crate::retry::{RetryError, RetryPolicy, unanswered};

/// The longest input of an execution, in bytes. Far below Step Functions' 256 KiB, because the fields appear in it more
/// than once on their way.
pub(crate) const INPUT_LIMIT: usize = BODY_LIMIT;

/// The state machine, as starting needs it.
pub trait StartPort {
    /// Starts the execution `name` and answers its start in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StartError`].
    fn start(&self, name: &str, input: &str) -> impl Future<Output = Result<i64, StartError>>;

    /// An execution's input and end, or `None` if there is no such execution.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn describe(&self, name: &str) -> impl Future<Output = Result<Option<Description>, CallError>>;
}

impl StartPort for Executions {
    async fn start(&self, name: &str, input: &str) -> Result<i64, StartError> {
        Executions::start(self, name, input).await
    }

    async fn describe(&self, name: &str) -> Result<Option<Description>, CallError> {
        Executions::describe(self, name).await
    }
}

/// An execution that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Execution<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its input.
    pub(crate) input: &'a str,
    /// True if no other input can have this name.
    pub(crate) name_holds_input: bool,
}

/// The result of starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Started {
    /// It runs, since this moment (milliseconds since 1970).
    Running(i64),
    /// It was started before. What is known of it, unless its name says enough.
    Before(Option<Description>),
    /// The name belongs to an execution with another input.
    OtherInput,
    /// Step Functions takes no execution with this name or input, and would take others.
    Unacceptable(CallError),
}

/// Starts an execution, and tries again until `until` if Step Functions is too busy. The name makes that safe: one that
/// was started while its answer was lost is found, not doubled.
pub(crate) async fn start_until(
    port: &impl StartPort,
    execution: Execution<'_>,
    policy: &RetryPolicy,
    until: Instant,
    fraction: impl Fn() -> f64,
) -> Result<Started, RetryError> {
    policy
        .retry_until("states:StartExecution", until, fraction, async || {
            match port.start(execution.name, execution.input).await {
                Ok(started_ms) => Ok(Started::Running(started_ms)),
                Err(StartError::NameTaken) => already_started(port, execution).await,
                Err(StartError::Unacceptable(error)) => Ok(Started::Unacceptable(error)),
                Err(StartError::Call(error)) => Err(error),
            }
        })
        .await
}

/// The name is taken: by the same submission, or by another.
async fn already_started(port: &impl StartPort, execution: Execution<'_>) -> Result<Started, CallError> {
    if execution.name_holds_input {
        return Ok(Started::Before(None));
    }
    match port.describe(execution.name).await? {
        Some(known) if is_same_json(&known.input, execution.input) => Ok(Started::Before(Some(known))),
        Some(_) => Ok(Started::OtherInput),
        // Just forgotten, or not yet to be seen: the next attempt will tell.
        None => Err(unanswered(
            "states:DescribeExecution",
            "the execution exists and cannot be seen",
        )),
    }
}

/// Tells whether this can be the name of an execution, of those that the gateway gives: what Step Functions takes and logs
/// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>).
pub(crate) fn is_name(name: &str) -> bool {
    (1..=80).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Tells whether two inputs are the same value, however they are written.
fn is_same_json(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).zip(read(other)).is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_step_functions_takes_and_logs() {
        let longest = "n".repeat(80);
        for name in ["a", "night-1njc-17", "A_b-9", longest.as_str()] {
            assert!(is_name(name), "{name}");
        }
        let longer = "n".repeat(81);
        for name in ["", "a b", "a/b", "a:b", "é", "a\n", "a.b", longer.as_str()] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn inputs_are_compared_by_value() {
        for (one, other, same) in [
            ("{}", "{}", true),
            (r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#, true),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
            ("{", "{", true),
            ("{", "[", false),
        ] {
            assert_eq!(is_same_json(one, other), same, "{one} {other}");
        }
    }
}
