//! The part of the engine's clock that the journal keeps.

use std::time::Duration;

/// Kind and key in the store of what the clock was advanced by, in milliseconds.
pub(crate) const ADVANCED: (&str, &str) = ("sluice.clock", "advanced");

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
