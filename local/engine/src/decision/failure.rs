//! Failures of states, and what states say about them.

use serde_json::{Value, json};
use sluice_asl::definition::{Catcher, Retrier};
use sluice_asl::eval::ErrorName;
use sluice_asl::{State, StateKind};

use crate::event::ErrorDetails;
use crate::{Breakdown, Outcome};

const RUNTIME: &str = "States.Runtime";
const TIMEOUT: &str = "States.Timeout";
const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";

/// The failure of a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
}

impl Failure {
    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            cause: Some(cause.into()),
        }
    }

    /// An error that no catcher sees.
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }

    /// The failure of an execution whose decision was given up.
    pub(crate) fn broke_down(breakdown: Breakdown) -> Self {
        Self::runtime(match breakdown {
            Breakdown::Time => "The execution was stopped because the evaluation of its expressions took too long.",
            Breakdown::Memory => {
                "The execution was stopped because the evaluation of its expressions used too much memory."
            }
            Breakdown::Internal => "The execution was stopped because of an internal error.",
            Breakdown::Fatal => {
                "The execution was set aside: each time its next step was decided, sluice hung or died over it."
            }
        })
    }

    pub(crate) fn timeout() -> Self {
        Self {
            error: Some(TIMEOUT.to_owned()),
            cause: None,
        }
    }

    pub(crate) fn heartbeat_timeout() -> Self {
        Self {
            error: Some(HEARTBEAT_TIMEOUT.to_owned()),
            cause: None,
        }
    }

    /// The result of `who` is larger than AWS allows.
    pub(crate) fn data_limit(who: &str) -> Self {
        Self::new(
            ErrorName::DataLimitExceeded.as_str(),
            format!(
                "The state/task '{who}' returned a result with a size exceeding the maximum number of bytes service limit."
            ),
        )
    }

    /// Tells whether no catcher sees it.
    pub(crate) fn is_runtime(&self) -> bool {
        self.error.as_deref() == Some(RUNTIME)
    }

    /// The end of an execution that fails with it.
    pub(crate) fn into_outcome(self) -> Outcome {
        Outcome::Failed {
            error: self.error,
            cause: self.cause,
        }
    }

    pub(crate) fn details(&self) -> ErrorDetails {
        ErrorDetails {
            error: self.error.clone(),
            cause: self.cause.clone(),
        }
    }

    /// Tells whether `ErrorEquals` takes it: [`RUNTIME`] is taken by none, not even by its own name.
    pub(crate) fn is_matched_by(&self, error_equals: &[String]) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        error != RUNTIME
            && error_equals.iter().any(|wanted| match wanted.as_str() {
                "States.ALL" => true,
                "States.TaskFailed" => error != TIMEOUT && error != HEARTBEAT_TIMEOUT,
                TIMEOUT => error == TIMEOUT || error == HEARTBEAT_TIMEOUT,
                name => name == error,
            })
    }

    /// `$states.errorOutput`, and what a catcher's ResultPath places.
    pub(crate) fn output(&self) -> Value {
        json!({
            "Error": self.error.as_deref().unwrap_or_default(),
            "Cause": self.cause.as_deref().unwrap_or_default(),
        })
    }
}

/// The retriers and catchers of a state.
pub(crate) fn handlers(state: &State) -> (&[Retrier], &[Catcher]) {
    match &state.kind {
        StateKind::Task(task) => (&task.retry, &task.catch),
        StateKind::Parallel(parallel) => (&parallel.retry, &parallel.catch),
        StateKind::Map(map) => (&map.retry, &map.catch),
        StateKind::Pass(_) | StateKind::Choice(_) | StateKind::Wait(_) | StateKind::Succeed(_) | StateKind::Fail(_) => {
            (&[], &[])
        }
    }
}

/// Milliseconds until the retry after `used` earlier ones; `unit` is the draw for full jitter, 0 to 1.
pub(crate) fn delay_ms(retrier: &Retrier, used: u64, unit: impl FnOnce() -> f64) -> i64 {
    /// A century: what is longer is never reached, and stays within the clock's range.
    const LONGEST: f64 = 3_153_600_000.0;
    let exponent = i32::try_from(used).unwrap_or(i32::MAX);
    let grown = retrier.interval_seconds as f64 * retrier.backoff_rate.powi(exponent);
    let capped = retrier.max_delay_seconds.map_or(grown, |max| grown.min(max as f64));
    let seconds = if capped.is_nan() {
        LONGEST
    } else {
        capped.clamp(0.0, LONGEST)
    };
    let drawn = if retrier.full_jitter { seconds * unit() } else { seconds };
    (drawn * 1000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_on_aws() {
        for (error, wanted, expected) in [
            ("MyError", "States.ALL", true),
            ("MyError", "States.TaskFailed", true),
            ("MyError", "MyError", true),
            ("MyError", "State.ALL", false),
            ("States.Timeout", "States.TaskFailed", false),
            ("States.Timeout", "States.ALL", true),
            ("States.HeartbeatTimeout", "States.Timeout", true),
            ("States.HeartbeatTimeout", "States.HeartbeatTimeout", true),
            ("States.Timeout", "States.HeartbeatTimeout", false),
            ("States.Runtime", "States.ALL", false),
            ("States.Runtime", "States.Runtime", false),
            ("States.DataLimitExceeded", "States.ALL", true),
            ("", "States.ALL", true),
        ] {
            let failure = Failure {
                error: Some(error.to_owned()),
                cause: None,
            };
            assert_eq!(
                failure.is_matched_by(&[wanted.to_owned()]),
                expected,
                "{error} by {wanted}"
            );
        }
    }

    #[test]
    fn delays_grow_are_capped_and_jittered() {
        let retrier = |interval_seconds, backoff_rate, max_delay_seconds, full_jitter| Retrier {
            error_equals: Vec::new(),
            interval_seconds,
            max_attempts: 9,
            backoff_rate,
            max_delay_seconds,
            full_jitter,
        };
        for (r, used, expected) in [
            (retrier(1, 2.0, None, false), 0, 1_000),
            (retrier(1, 2.0, None, false), 3, 8_000),
            (retrier(3, 1.5, None, false), 2, 6_750),
            (retrier(1, 2.0, Some(5), false), 3, 5_000),
            (retrier(10, 1.0, None, true), 5, 2_500),
            (retrier(1, 2.0, None, false), 5_000, 3_153_600_000_000),
        ] {
            assert_eq!(delay_ms(&r, used, || 0.25), expected, "{r:?} after {used}");
        }
    }
}
