//! The cost that one query may have.

use std::cell::Cell;

use serde_json::Value;

use super::missing::Missing;
use crate::eval::stop::StopSignal;
use crate::size::weight;

/// The most values that a query may look at. `$..*[?(@.a == $..b)]` looks at each value for each value.
const MAX_VISITS: usize = 10_000_000;

/// The most bytes that a query may find: far more than a state may pass on. Overlapping finds are copied.
const MAX_FOUND: usize = 16 << 20;

/// The visits between two looks at the signal to stop.
const STRIDE: usize = 1 << 12;

/// The rest of a query's cost, its filters' included.
pub(crate) struct Allowance<'s> {
    visits: Cell<usize>,
    bytes: Cell<usize>,
    spent: Cell<bool>,
    stop: Option<&'s StopSignal>,
}

impl<'s> Allowance<'s> {
    /// All of it; `stop` may cut it short.
    pub(crate) fn new(stop: Option<&'s StopSignal>) -> Self {
        Self {
            visits: Cell::new(MAX_VISITS),
            bytes: Cell::new(MAX_FOUND),
            spent: Cell::new(false),
            stop,
        }
    }

    /// Counts one more value that is looked at, and tells whether it may be.
    pub(super) fn visit(&self) -> bool {
        let left = self.visits.get().saturating_sub(1);
        self.visits.set(left);
        if left == 0 || left.is_multiple_of(STRIDE) && self.stop.is_some_and(StopSignal::is_stopped) {
            self.spent.set(true);
        }
        !self.spent.get()
    }

    /// Counts the value as found, and tells whether it may be.
    pub(super) fn take(&self, value: &Value) -> bool {
        match self.bytes.get().checked_sub(weight(value)) {
            Some(left) if !self.spent.get() => self.bytes.set(left),
            _ => self.spent.set(true),
        }
        !self.spent.get()
    }

    /// # Errors
    /// When more was looked at or found than may be.
    pub(super) fn check(&self) -> Result<(), Missing> {
        if self.spent.get() {
            return Err(Missing("The path looks at more values than a query may".to_owned()));
        }
        Ok(())
    }
}
