//! Metrics as CloudWatch knows them, pure: no clock, no IO, no wire.
//!
//! - [`MetricId`], [`Unit`]: what a metric is. [`Point`]: one minute of it. [`Accumulator`]: what was recorded and is not
//!   kept elsewhere yet.
//! - [`Statistic`], [`Window`]: what is asked of points, and over which periods.
//! - [`math`]: the expression language; [`query`]: GetMetricData's queries, which refer to each other.
//! - [`alarm`]: the state of an alarm by the latest periods.
//! - [`emf`]: metrics embedded in log lines.
//!
//! Values are kept as count, sum, minimum, maximum and a [`Sketch`] of the distribution, so that percentiles over any
//! number of minutes are right to 0.5 %.

mod accumulator;
pub mod alarm;
pub mod emf;
mod identity;
pub mod math;
mod point;
pub mod query;
mod sketch;
mod statistic;
mod unit;
mod window;

pub use accumulator::{Accumulator, Pending, SeriesKey, SeriesNumber, TooManySeries};
pub use identity::{Dimension, MAX_DIMENSIONS, MetricId};
pub use point::{Distribution, Point, StatisticSet};
pub use sketch::Sketch;
pub use statistic::{Statistic, StatisticError};
pub use unit::Unit;
pub use window::{Window, aggregate, rounded_start};

/// Milliseconds since 1970-01-01T00:00:00Z on the engine's clock.
pub type Timestamp = i64;

/// The finest resolution that is kept: one minute, in milliseconds.
pub const MINUTE: i64 = 60_000;

/// The time for which points are kept, in milliseconds: 15 days, as CloudWatch keeps points of one minute.
pub const RETENTION: i64 = 15 * 24 * 60 * MINUTE;

/// Values beyond 2^360 are refused, as CloudWatch does: sums of smaller ones are always numbers.
pub const MAX_VALUE: f64 = 2.348_542_582_773_833_3e108;

/// The start of the minute that a time lies in.
pub fn minute_of(at: Timestamp) -> Timestamp {
    at - at.rem_euclid(MINUTE)
}
