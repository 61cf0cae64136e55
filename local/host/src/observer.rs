//! The reports of what functions did, for whoever counts it.

use std::time::Duration;

use crate::logs::LogRecord;

/// A receiver of reports of what functions did. Called where requests are answered: it may not block.
pub trait Observer: Send + Sync {
    /// A record is about to be kept in a function's log; one with a request id is an invocation that has ended.
    fn logged(&self, logged: &LoggedRecord<'_>);

    /// A request found no concurrency left.
    fn throttled(&self, function: &str, at_ms: u64);

    /// A function URL has answered.
    fn url_responded(&self, answered: &UrlResponse<'_>);
}

/// A record of a function's log, with the invocations in hand at that moment.
#[derive(Debug, Clone, Copy)]
pub struct LoggedRecord<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The log record of the invocation.
    pub record: &'a LogRecord,
    /// The function's invocations in hand, this one and the waiting ones included.
    pub in_flight: usize,
    /// The same of all functions.
    pub all_in_flight: usize,
    /// The same of the functions without reserved concurrency.
    pub unreserved_in_flight: usize,
    /// The time of the record, on the host's clock.
    pub at_ms: u64,
}

/// An answer of a function URL.
#[derive(Debug, Clone, Copy)]
pub struct UrlResponse<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The time at which the request came, on the URL's clock.
    pub at_ms: u64,
    /// The HTTP status.
    pub status: u16,
    /// From the request's head to the whole answer.
    pub latency: Duration,
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unobserved;

impl Observer for Unobserved {
    fn logged(&self, _: &LoggedRecord<'_>) {}

    fn throttled(&self, _: &str, _: u64) {}

    fn url_responded(&self, _: &UrlResponse<'_>) {}
}
