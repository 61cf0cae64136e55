//! The scope of an evaluation.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::Window;
use crate::math::{TimeSeries, Value};

/// The values and limits with which an expression is evaluated.
#[derive(Debug)]
pub struct Scope<'a> {
    /// The values of metrics and of other expressions, by id.
    pub values: &'a BTreeMap<String, Value>,
    /// The metrics alone, in the order of the request, for `METRICS()`.
    pub metrics: &'a [(String, TimeSeries)],
    /// The times at which series without gaps have values.
    pub window: Window,
    /// The number of points that may still be computed.
    pub budget: &'a Cell<usize>,
    /// The number of points that might be computed at first, for the message.
    pub most_points: usize,
}
