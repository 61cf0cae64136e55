//! The values of expressions.

use crate::Timestamp;

/// Values by time. A time without a value is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeSeries {
    /// The earliest first, each time once.
    pub points: Vec<(Timestamp, f64)>,
    /// The name that is shown for it.
    pub label: String,
    /// Its period in seconds, if it is a metric and not the result of an expression.
    pub period: Option<u32>,
}

/// The result of evaluating an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `S`
    Scalar(f64),
    /// `TS`
    Series(TimeSeries),
    /// `TS[]`
    Array(Vec<TimeSeries>),
}

impl Value {
    /// Names its type, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a number",
            Self::Series(_) => "a time series",
            Self::Array(_) => "an array of time series",
        }
    }
}

impl TimeSeries {
    /// The value at a time.
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        let found = self.points.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        self.points.get(found).map(|(_, value)| *value)
    }

    /// The same times with other values; what is no number is left out.
    pub(super) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        self.with(self.points.iter().map(|(at, value)| (*at, change(*value))))
    }

    /// Other points under the same label; what is no number is left out.
    pub(super) fn with(&self, points: impl IntoIterator<Item = (Timestamp, f64)>) -> Self {
        Self {
            points: finite(points),
            label: self.label.clone(),
            period: None,
        }
    }

    /// Points without a label; what is no number is left out.
    pub(super) fn of(points: impl IntoIterator<Item = (Timestamp, f64)>) -> Self {
        Self {
            points: finite(points),
            ..Self::default()
        }
    }

    /// Its values.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.points.iter().map(|(_, value)| *value)
    }
}

fn finite(points: impl IntoIterator<Item = (Timestamp, f64)>) -> Vec<(Timestamp, f64)> {
    points.into_iter().filter(|(_, value)| value.is_finite()).collect()
}

/// All times of some series, the earliest first, each with its values; `None` where one is missing.
pub(super) fn aligned(series: &[TimeSeries]) -> Vec<(Timestamp, Vec<Option<f64>>)> {
    let mut times: Vec<Timestamp> = series
        .iter()
        .flat_map(|one| one.points.iter().map(|(at, _)| *at))
        .collect();
    times.sort_unstable();
    times.dedup();
    let mut next = vec![0; series.len()];
    times
        .into_iter()
        .map(|at| {
            let values = series
                .iter()
                .zip(&mut next)
                .map(|(one, next)| match one.points.get(*next) {
                    Some((time, value)) if *time == at => {
                        *next += 1;
                        Some(*value)
                    }
                    _ => None,
                });
            (at, values.collect())
        })
        .collect()
}
