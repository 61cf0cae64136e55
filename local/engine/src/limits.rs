//! AWS's limits, and those that keep this machine safe.

use serde_json::Value;
use sluice_asl::{nests_deeper, serialized_len};

use crate::Timestamp;

/// The number of events at which AWS ends an execution.
pub(crate) const MAX_EVENTS: u64 = 25_000;

/// A payload's largest size: the bytes of its JSON text.
pub(crate) const MAX_PAYLOAD: usize = 262_144;

/// The most levels of a value that a state passes on: below what the journal can hold, far above what data has.
pub(crate) const MAX_DEPTH: usize = 300;

/// The most bytes of all variables of a scope together.
pub(crate) const MAX_VARIABLES: usize = 10 << 20;

/// The longest that a Standard execution runs: one year.
pub(crate) const STANDARD_SECONDS: u64 = 31_536_000;

/// The longest that an Express execution runs: five minutes.
pub(crate) const EXPRESS_SECONDS: u64 = 300;

/// The days within which a Standard execution can be redriven.
pub(crate) const REDRIVE_MS: i64 = 14 * 86_400_000;

/// Tells whether a value is more than a state may pass on, assign or send.
pub(crate) fn exceeds_limits(value: &Value) -> bool {
    nests_deeper(value, MAX_DEPTH) || serialized_len(value) > MAX_PAYLOAD
}

/// The time `seconds` later, as far as the clock reaches.
pub(crate) fn after(at: Timestamp, seconds: u64) -> Timestamp {
    let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    at.saturating_add(millis)
}
