//! Starts executions, each once however often it is asked for: the way into the workflow, from the URL and the stream.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use sluice_aws::{CallError, Executions, StartError, SubmissionRecord, Submissions};
use sluice_workflows::{ExecutionInput, Submission};
use thiserror::Error;
use tokio::time::Instant;

use crate::http::BODY_LIMIT;
use crate::retry::{RetryError, RetryPolicy, unanswered};

/// The longest input of an execution, in bytes, without the hash. Far below Step Functions' 256 KiB, because the fields
/// appear in it more than once on their way.
pub(crate) const INPUT_LIMIT: usize = BODY_LIMIT;

/// The workflow, as the gateway needs it: it is started, and what came of it is read from a table.
pub trait Workflow {
    /// Starts the execution `name` and answers its start in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StartError`].
    fn start(&self, name: &str, input: &str) -> impl Future<Output = Result<i64, StartError>>;

    /// The record of a submission, as last written; `None` until the workflow first writes it.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<SubmissionRecord>, CallError>>;
}

/// The state machine and the table of submissions on AWS.
#[derive(Debug)]
pub(crate) struct AwsWorkflow {
    pub(crate) executions: Executions,
    pub(crate) submissions: Submissions,
}

impl Workflow for AwsWorkflow {
    async fn start(&self, name: &str, input: &str) -> Result<i64, StartError> {
        self.executions.start(name, input).await
    }

    async fn find(&self, name: &str) -> Result<Option<SubmissionRecord>, CallError> {
        self.submissions.get(name).await
    }
}

/// The input of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// As JSON.
    pub(crate) json: String,
    /// The hash of the fields, which tells it from others.
    pub(crate) hash: String,
}

/// The reason why a submission is no input.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum InputError {
    /// It cannot be written.
    #[error("the fields cannot be written as JSON: {0}")]
    Json(String),
    /// It is too large.
    #[error("the fields take {0} bytes as JSON; at most {INPUT_LIMIT} are taken in")]
    TooLarge(usize),
}

impl Input {
    /// The input for a submission. The same fields give the same bytes, since StartExecution compares bytes.
    pub(crate) fn of(submission: &Submission) -> Result<Self, InputError> {
        let json = |error: serde_json::Error| InputError::Json(error.to_string());
        let fields = serde_json::to_vec(submission).map_err(json)?;
        if fields.len() > INPUT_LIMIT {
            return Err(InputError::TooLarge(fields.len()));
        }
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&fields));
        let input = ExecutionInput {
            submission: submission.clone(),
            input_hash: Some(hash.clone()),
        };
        Ok(Input {
            json: serde_json::to_string(&input).map_err(json)?,
            hash,
        })
    }
}

/// An execution that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Execution<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its input.
    pub(crate) input: &'a Input,
    /// True if no other input can have this name.
    pub(crate) name_holds_input: bool,
}

/// The result of starting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Started {
    /// It runs, since this moment (milliseconds since 1970).
    Running(i64),
    /// It was started before. The record of it, unless its name says enough.
    Before(Option<Box<SubmissionRecord>>),
    /// The name belongs to an execution with another input.
    OtherInput,
    /// Step Functions takes no execution with this name or input, and would take others.
    Unacceptable(CallError),
}

/// Starts an execution, and tries again until `until` if Step Functions is too busy. The name makes that safe: one that
/// was started while its answer was lost is found, not doubled.
pub(crate) async fn start_until(
    workflow: &impl Workflow,
    execution: Execution<'_>,
    policy: &RetryPolicy,
    until: Instant,
    fraction: impl Fn() -> f64,
) -> Result<Started, RetryError> {
    policy
        .retry_until("states:StartExecution", until, fraction, async || {
            match workflow.start(execution.name, &execution.input.json).await {
                Ok(started_ms) => Ok(Started::Running(started_ms)),
                Err(StartError::NameTaken) => already_started(workflow, execution).await,
                Err(StartError::Unacceptable(error)) => Ok(Started::Unacceptable(error)),
                Err(StartError::Call(error)) => Err(error),
            }
        })
        .await
}

/// The name is taken: by the same submission, which has ended, or by another. Starting one again that runs with the same
/// input is no error.
async fn already_started(workflow: &impl Workflow, execution: Execution<'_>) -> Result<Started, CallError> {
    if execution.name_holds_input {
        return Ok(Started::Before(None));
    }
    match workflow.find(execution.name).await? {
        Some(known) if known.input_hash.as_ref() == Some(&execution.input.hash) => {
            Ok(Started::Before(Some(Box::new(known))))
        }
        Some(_) => Ok(Started::OtherInput),
        // Another submission that has just begun, or one that has just failed: its record comes in a moment.
        None => Err(unanswered(
            "states:StartExecution",
            "the execution exists, and its record is not there yet",
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
    fn an_input_holds_the_fields_and_their_hash() {
        let submission = |json: &str| serde_json::from_str::<Submission>(json).unwrap();
        let one = Input::of(&submission(r#"{"pincode":"0305","user_name":"Ada"}"#)).unwrap();
        let other = Input::of(&submission(r#" {"user_name": "Ada", "pincode": "0305"} "#)).unwrap();
        assert_eq!(one, other);
        let expected = format!(r#"{{"user_name":"Ada","pincode":"0305","input_hash":"{}"}}"#, one.hash);
        assert_eq!(one.json, expected);
        let number = Input::of(&submission(r#"{"user_name":"Ada","pincode":305}"#)).unwrap();
        assert_ne!(one.hash, number.hash);
    }
}
