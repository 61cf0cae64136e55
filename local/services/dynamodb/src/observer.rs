//! The observer of the capacity that calls consume.

use std::time::Duration;

use sluice_clock::Timestamp;
use sluice_quotas::CapacityKind;

/// The effect of a call on one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// The table's name.
    pub table: String,
    /// Read units, as the tables count them.
    pub read: f64,
    /// Write units.
    pub write: f64,
    /// A condition did not hold, and nothing was written.
    pub condition_failed: bool,
}

/// An observer of the calls that were answered, for metrics.
pub trait Observer: Send + Sync + 'static {
    /// A call has been answered.
    fn answered(&self, operation: &str, usages: &[Usage], took: Duration, at: Timestamp);

    /// A call was throttled because a partition of the table has no units of this kind left.
    fn throttled(&self, operation: &str, table: &str, kind: CapacityKind, at: Timestamp);
}

/// The observer that records nothing.
#[derive(Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn answered(&self, _: &str, _: &[Usage], _: Duration, _: Timestamp) {}

    fn throttled(&self, _: &str, _: &str, _: CapacityKind, _: Timestamp) {}
}
