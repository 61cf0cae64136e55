//! One invocation: its request, its output, and the host's side of it while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use crate::error::{InvokeError, ThrottleReason};

/// The largest request payload in bytes.
pub const MAX_REQUEST_BYTES: usize = 6_291_456;

/// The largest response payload in bytes: Lambda's own error message names this figure.
pub const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// A synchronous request to a function.
///
/// ```
/// use sluice_host::Invocation;
///
/// let invocation = Invocation { log_tail: true, ..Invocation::new(r#"{"id": 7}"#) };
/// assert_eq!(&invocation.payload[..], br#"{"id": 7}"#);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// The event, at most [`MAX_REQUEST_BYTES`].
    pub payload: Bytes,
    /// The request id; drawn from the host's id source when absent.
    pub request_id: Option<Uuid>,
    /// The `X-Amzn-Trace-Id`; made from the id source when absent.
    pub trace_id: Option<String>,
    /// The client context as JSON, already decoded from base64.
    pub client_context: Option<String>,
    /// The ARN that the caller used; the function's own when absent.
    pub invoked_arn: Option<Arc<str>>,
    /// True if [`InvokeOutput::log_tail`] is wanted.
    pub log_tail: bool,
}

impl Invocation {
    /// A request with this payload and nothing else said.
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self {
            payload: payload.into(),
            ..Self::default()
        }
    }
}

/// The `X-Amz-Function-Error` of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionError {
    /// The function, its runtime or its time failed; the payload says how.
    Unhandled,
}

impl FunctionError {
    /// The value as the Lambda API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unhandled => "Unhandled",
        }
    }
}

/// The answer of a function, with the figures of the invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeOutput {
    /// The request's id.
    pub request_id: Uuid,
    /// The response, or the error as JSON.
    pub payload: Bytes,
    /// Set when the payload is an error.
    pub function_error: Option<FunctionError>,
    /// The version that ran.
    pub executed_version: Arc<str>,
    /// The last 4 KB of the invocation's log in base64, when asked for.
    pub log_tail: Option<String>,
    /// From the delivery to the answer.
    pub duration: Duration,
    /// The time that the process took to start, when it started for this invocation.
    pub init_duration: Option<Duration>,
    /// The duration that Lambda would bill: both durations, rounded up to milliseconds.
    pub billed_ms: u64,
}

/// Holds one unit of a function's concurrency and of the host's work in hand.
#[derive(Debug)]
pub(crate) struct Permit {
    function: Arc<AtomicUsize>,
    host: Arc<InFlight>,
    is_reserved: bool,
}

/// The concurrency that an invocation is taken from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Concurrency {
    /// So much is reserved for its function.
    Reserved(usize),
    /// All functions without a reservation share so much.
    Unreserved(usize),
}

/// The invocations in hand over all functions.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    count: AtomicUsize,
    unreserved: AtomicUsize,
    pub(crate) none_left: Notify,
}

impl InFlight {
    pub(crate) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Those of functions without a reservation.
    pub(crate) fn unreserved(&self) -> usize {
        self.unreserved.load(Ordering::SeqCst)
    }
}

impl Permit {
    /// The reason when as many invocations are in hand as may be.
    pub(crate) fn take(
        function: &Arc<AtomicUsize>,
        concurrency: Concurrency,
        host: &Arc<InFlight>,
    ) -> Result<Self, ThrottleReason> {
        let up_to = |counter: &AtomicUsize, limit: usize| {
            counter
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < limit).then_some(n + 1))
                .is_ok()
        };
        let is_reserved = match concurrency {
            Concurrency::Reserved(limit) if !up_to(function, limit) => {
                return Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
            }
            Concurrency::Unreserved(limit) if !up_to(&host.unreserved, limit) => {
                return Err(ThrottleReason::ConcurrentInvocationLimitExceeded);
            }
            Concurrency::Reserved(_) => true,
            Concurrency::Unreserved(_) => {
                function.fetch_add(1, Ordering::SeqCst);
                false
            }
        };
        host.count.fetch_add(1, Ordering::SeqCst);
        Ok(Self {
            function: Arc::clone(function),
            host: Arc::clone(host),
            is_reserved,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.function.fetch_sub(1, Ordering::SeqCst);
        if !self.is_reserved {
            self.host.unreserved.fetch_sub(1, Ordering::SeqCst);
        }
        if self.host.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.host.none_left.notify_waiters();
        }
    }
}

/// The invocation that `/next` hands to the runtime.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) request_id: Uuid,
    pub(crate) payload: Bytes,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<String>,
    pub(crate) invoked_arn: Arc<str>,
    /// Wall clock, in milliseconds since the epoch; set when the invocation is given to an instance.
    pub(crate) deadline_ms: u64,
}

/// The host's side of an accepted invocation, with the channel for its answer.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) request_id: Uuid,
    pub(crate) reply: oneshot::Sender<Result<InvokeOutput, InvokeError>>,
    /// The time of its delivery; until then, of its arrival.
    pub(crate) started: Instant,
    /// The same on the host's clock.
    pub(crate) started_at_ms: u64,
    pub(crate) log_tail: bool,
    /// Given back when the invocation is over.
    pub(crate) permit: Permit,
}

/// An accepted invocation that no runtime has seen yet.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) delivery: Delivery,
    pub(crate) ticket: Ticket,
}

impl Job {
    /// Returns true if the caller has gone, so that nobody would read the answer.
    pub(crate) fn abandoned(&self) -> bool {
        self.ticket.reply.is_closed()
    }

    /// Refuses it: no instance has been free for it.
    pub(crate) fn throttle(self) {
        let refused = InvokeError::TooManyRequests(ThrottleReason::ConcurrentInvocationLimitExceeded);
        // a caller that has gone is not waited for
        let _ = self.ticket.reply.send(Err(refused));
    }
}
