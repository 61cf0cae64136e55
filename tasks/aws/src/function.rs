use std::future::Future;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sluice_workflows::TaskError;
use thiserror::Error;
use tracing::Instrument;

use crate::call::CallError;
use crate::log::{self, log_submission};
use crate::settings::SettingError;

/// An error of a function, as Lambda reports it and `ErrorEquals` matches it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{name}: {message}")]
pub struct Fault {
    /// Reported as `errorType`.
    pub name: TaskError,
    /// Reported as `errorMessage`: what went wrong, where, and what to do.
    pub message: String,
}

impl Fault {
    /// A failed call: `unavailable` if the same call may work in a moment, else `refused`.
    pub fn from_call(error: &CallError, unavailable: TaskError, refused: TaskError) -> Self {
        let name = if error.is_retryable() { unavailable } else { refused };
        Fault {
            name,
            message: error.to_string(),
        }
    }
}

impl From<SettingError> for Fault {
    fn from(error: SettingError) -> Self {
        Fault {
            name: TaskError::InvalidSetting,
            message: error.to_string(),
        }
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        Diagnostic {
            error_type: fault.name.as_str().to_owned(),
            error_message: fault.message,
        }
    }
}

/// The submission that an event is about, if it says so.
#[derive(Deserialize)]
struct Subject {
    submission_id: Option<String>,
}

/// Runs a function until Lambda ends it: each event goes to `handle`, its answer back.
///
/// The event is read here, so that one of the wrong shape is reported as `InvalidEvent` and not under a Rust type's
/// name. One thread is enough: Lambda gives an instance one event at a time. What is logged goes to standard output as
/// lines of JSON; a fault is logged here.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn serve<E, R, H, F>(handle: H) -> Result<(), lambda_runtime::Error>
where
    E: DeserializeOwned,
    R: Serialize,
    H: Fn(E, lambda_runtime::Context) -> F,
    F: Future<Output = Result<R, Fault>>,
{
    log::to_stdout();
    let handle = &handle;
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        let span = log::invocation(&event.context.request_id);
        let answer = async {
            if let Ok(Subject {
                submission_id: Some(id),
            }) = serde_json::from_str(event.payload.get())
            {
                log_submission(&id);
            }
            let payload = serde_json::from_str(event.payload.get()).map_err(|error| Fault {
                name: TaskError::InvalidEvent,
                message: format!("the event: {error}"),
            });
            let answer = match payload {
                Ok(payload) => handle(payload, event.context).await,
                Err(fault) => Err(fault),
            };
            answer.inspect_err(|Fault { name, message }| {
                tracing::error!(error = name.as_str(), cause = message, "failed")
            })
        };
        // the runtime moves the future from layer to layer
        Box::pin(answer.instrument(span)).await
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Runtime::new(service).run())
}

/// Runs a function until Lambda ends it: `build` makes it from its settings, once; `handle` answers each event.
///
/// A setting that is missing or unusable is the answer to each event, so that whoever invokes the function sees its name.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run<S, E, R, H>(build: impl FnOnce() -> Result<S, SettingError>, handle: H) -> Result<(), lambda_runtime::Error>
where
    E: DeserializeOwned,
    R: Serialize,
    H: AsyncFn(&S, E, lambda_runtime::Context) -> Result<R, Fault>,
{
    let function = build();
    let (function, handle) = (&function, &handle);
    serve(move |event: E, context| async move {
        match function {
            Ok(function) => handle(function, event, context).await,
            Err(error) => Err(error.clone().into()),
        }
    })
}

/// The time that Lambda still gives an invocation.
pub fn remaining(context: &lambda_runtime::Context) -> Duration {
    context.deadline().duration_since(SystemTime::now()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallErrorKind;

    #[test]
    fn an_error_type_is_a_name_that_error_equals_can_match() {
        let call = |kind| CallError {
            action: "sns:Publish",
            kind,
            message: "no".to_owned(),
        };
        let fault = |kind| Fault::from_call(&call(kind), TaskError::MailUnavailable, TaskError::MailRefused);
        let reported = |fault| Diagnostic::from(fault).error_type;
        assert_eq!(reported(fault(CallErrorKind::Throttled)), "MailUnavailable");
        assert_eq!(reported(fault(CallErrorKind::Unreachable)), "MailUnavailable");
        assert_eq!(reported(fault(CallErrorKind::Refused)), "MailRefused");
        assert_eq!(reported(SettingError::Missing("TABLE_NAME").into()), "InvalidSetting");
    }
}
