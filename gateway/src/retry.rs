//! Calls again what may work in a moment.
//!
//! Not a library's loop (`backon`): the time that is left decides here how long an attempt may take as well as whether
//! another one follows, and the caller must know whether any attempt was left without an answer.

use std::time::Duration;

use sluice_aws::{CallError, CallErrorKind};
use tokio::time::{Instant, sleep, timeout_at};

/// The pauses and attempts of a call that is retried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    /// The ceiling of the first pause. It doubles.
    pub(crate) first: Duration,
    /// The highest ceiling.
    pub(crate) longest: Duration,
    /// An attempt is given this long at least, however little time is left.
    pub(crate) shortest_attempt: Duration,
}

/// A call that did not work in its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetryError {
    /// The last attempt's failure.
    pub(crate) error: CallError,
    /// True if an attempt was left without an answer, so that it may have taken effect whatever later ones came to.
    pub(crate) in_doubt: bool,
}

impl RetryPolicy {
    /// Calls until it works, cannot work, or the time is up.
    ///
    /// The pauses are random up to their ceiling (`fraction` draws from 0 to below 1), so that those who were refused
    /// together do not come back together.
    pub(crate) async fn retry_until<T>(
        &self,
        action: &'static str,
        until: Instant,
        fraction: impl Fn() -> f64,
        call: impl AsyncFn() -> Result<T, CallError>,
    ) -> Result<T, RetryError> {
        let mut ceiling = self.first;
        let mut in_doubt = false;
        loop {
            let ends = until.max(Instant::now() + self.shortest_attempt);
            let error = match timeout_at(ends, call()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                Err(_) => unanswered(action, "no answer came in time"),
            };
            in_doubt |= error.kind == CallErrorKind::Unreachable;
            let pause = ceiling.mul_f64(fraction());
            if !error.is_retryable() || Instant::now() + pause >= until {
                return Err(RetryError { error, in_doubt });
            }
            sleep(pause).await;
            ceiling = (ceiling * 2).min(self.longest);
        }
    }
}

/// The failure of a call whose effect is not known.
pub(crate) fn unanswered(action: &'static str, message: &str) -> CallError {
    CallError {
        action,
        kind: CallErrorKind::Unreachable,
        message: message.to_owned(),
    }
}
