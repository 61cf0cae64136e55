use serde_json::Value;
use sluice_cloud::Outcome;
use sluice_cloud::driver::ExecutionRecord;

/// An execution as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// Its status: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED` or `PENDING_REDRIVE`.
    pub status: &'static str,
    /// Its input.
    pub input: Value,
    /// Its output, if it succeeded.
    pub output: Option<Value>,
    /// The error, if it failed or was aborted with one.
    pub error: Option<String>,
    /// The cause, if it failed or was aborted with one.
    pub cause: Option<String>,
    /// The state that waits for a task token, if one does.
    pub waiting: Option<String>,
}

impl Execution {
    pub(crate) fn of(record: &ExecutionRecord) -> Self {
        let (output, error, cause) = match &record.outcome {
            Some(Outcome::Succeeded { output }) => (Some(Value::clone(output)), None, None),
            Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
                (None, error.clone(), cause.clone())
            }
            Some(Outcome::TimedOut) | None => (None, None, None),
        };
        Self {
            arn: record.identity.arn.to_string(),
            status: record.status.as_str(),
            input: Value::clone(&record.input),
            output,
            error,
            cause,
            waiting: record.waiting_state.clone(),
        }
    }
}
