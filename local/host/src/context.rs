//! The part of a function that its instances share with it and that never changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::account::unreserved;
use crate::config::FunctionSpec;
use crate::error::{InvokeError, ThrottleReason};
use crate::invocation::{Concurrency, Permit};
use crate::logs::{FunctionLog, LogRecord};
use crate::observer::LoggedRecord;
use crate::shared::Shared;

/// A function's configuration, with its log, its count of invocations and the state of its host.
pub(crate) struct FunctionContext {
    pub(crate) spec: FunctionSpec,
    pub(crate) shared: Arc<Shared>,
    log: Arc<FunctionLog>,
    in_flight: Arc<AtomicUsize>,
}

impl std::fmt::Debug for FunctionContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionContext")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

impl FunctionContext {
    pub(crate) fn new(spec: FunctionSpec, shared: Arc<Shared>, log: Arc<FunctionLog>) -> Self {
        Self {
            spec,
            shared,
            log,
            in_flight: Arc::default(),
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.shared.config.now)()
    }

    /// The invocations in hand, the waiting ones included.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// The most instances that the function may have.
    pub(crate) fn instance_limit(&self) -> usize {
        self.reserved()
            .min(self.shared.config.max_instances_per_function.max(1))
    }

    /// Keeps a record in the log, and reports it to the observer.
    pub(crate) fn keep(&self, record: LogRecord) {
        self.shared.config.observer.logged(&LoggedRecord {
            function: &self.spec.name,
            record: &record,
            in_flight: self.in_flight(),
            all_in_flight: self.shared.in_flight.count(),
            unreserved_in_flight: self.shared.in_flight.unreserved(),
            at_ms: self.now_ms(),
        });
        self.log.push(record);
    }

    /// One unit of concurrency, or the reason why there is none.
    pub(crate) fn admit(&self) -> Result<Permit, InvokeError> {
        let (concurrency, reserved) = self.concurrency();
        if let (Some(account), Concurrency::Reserved(limit) | Concurrency::Unreserved(limit)) =
            (&self.shared.config.account, concurrency)
            && !account.admit(&self.spec.name, limit, self.now_ms())
        {
            return Err(InvokeError::TooManyRequests(if reserved {
                ThrottleReason::ReservedFunctionInvocationRateLimitExceeded
            } else {
                ThrottleReason::FunctionInvocationRateLimitExceeded
            }));
        }
        Permit::take(&self.in_flight, concurrency, &self.shared.in_flight).map_err(InvokeError::TooManyRequests)
    }

    /// The concurrency that invocations are taken from, and whether that is a reservation.
    fn concurrency(&self) -> (Concurrency, bool) {
        let reserved = self.spec.reserved_concurrency.map(|_| self.reserved());
        let Some(account) = &self.shared.config.account else {
            return match reserved {
                Some(limit) => (Concurrency::Reserved(limit), true),
                None => (Concurrency::Unreserved(usize::MAX), false),
            };
        };
        let (left, holds) = unreserved(&**account, self.shared.reserved());
        match reserved.filter(|_| holds) {
            Some(limit) => (Concurrency::Reserved(limit), true),
            None => (Concurrency::Unreserved(left), false),
        }
    }

    fn reserved(&self) -> usize {
        self.spec
            .reserved_concurrency
            .map_or(usize::MAX, |reserved| usize::try_from(reserved).unwrap_or(usize::MAX))
    }
}
