//! Functions.

use super::scope::Scope;
use crate::math::parser::Node;
use crate::math::value::aligned;
use crate::math::{Function, MathError, TimeSeries, Value, calendar};
use crate::{Timestamp, Window};

const SERIES: &str = "a time series";
const ARRAY: &str = "an array of time series";
const EITHER: &str = "a time series or an array of them";
const NUMBER: &str = "a number";

/// A call of a function.
pub(super) struct Call<'s> {
    pub(super) scope: &'s Scope<'s>,
    pub(super) function: Function,
    pub(super) at: usize,
}

impl Call<'_> {
    pub(super) fn wrong_type(&self, takes: &'static str, got: &'static str) -> MathError {
        MathError::Type {
            what: self.function.name().to_owned(),
            takes,
            got,
            at: self.at,
        }
    }

    fn array(&self, value: Value) -> Result<Vec<TimeSeries>, MathError> {
        match value {
            Value::Array(all) => Ok(all),
            other => Err(self.wrong_type(ARRAY, other.kind())),
        }
    }

    fn scalar(&self, value: &Value) -> Result<f64, MathError> {
        match value {
            Value::Scalar(number) => Ok(*number),
            other => Err(self.wrong_type(NUMBER, other.kind())),
        }
    }

    /// A function of one argument.
    pub(super) fn on_one(&self, of: Value) -> Result<Value, MathError> {
        match self.function {
            Function::Abs => self.on_each(of, |series| series.map(f64::abs)),
            Function::Ceil => self.on_each(of, |series| series.map(f64::ceil)),
            Function::Floor => self.on_each(of, |series| series.map(f64::floor)),
            Function::Log => self.on_each(of, |series| series.map(f64::ln)),
            Function::Log10 => self.on_each(of, |series| series.map(f64::log10)),
            Function::Diff => self.on_each(of, |series| steps(series, |change, _| change)),
            Function::DiffTime => self.on_each(of, |series| steps(series, |_, seconds| seconds)),
            Function::Rate => self.on_each(of, |series| steps(series, |change, seconds| change / seconds)),
            Function::RunningSum => self.on_each(of, running_sum),
            Function::Avg | Function::Max | Function::Min | Function::Sum | Function::Stddev => self.reduce(of),
            Function::DatapointCount => self.reduce(of),
            Function::First => self.pick(of, |all| all.into_iter().next()),
            Function::Last => self.pick(of, |all| all.into_iter().next_back()),
            #[expect(clippy::cast_precision_loss, reason = "no more than 500 metrics")]
            Function::MetricCount => Ok(Value::Scalar(self.array(of)?.len() as f64)),
            Function::RemoveEmpty => {
                let all = self.array(of)?.into_iter();
                Ok(Value::Array(all.filter(|series| !series.points.is_empty()).collect()))
            }
            Function::Period => match of {
                Value::Series(TimeSeries {
                    period: Some(period), ..
                }) => Ok(Value::Scalar(period.into())),
                Value::Series(_) => Err(self.wrong_type("a metric", "the result of an expression")),
                other => Err(self.wrong_type("a metric", other.kind())),
            },
            Function::TimeSeries => {
                let value = self.scalar(&of)?;
                Ok(Value::Series(TimeSeries::of(
                    self.scope.window.slots().map(|at| (at, value)),
                )))
            }
            Function::Minute
            | Function::Hour
            | Function::Day
            | Function::Date
            | Function::Month
            | Function::Year
            | Function::Epoch => self.by_calendar(&of),
            Function::Metrics => Err(self.wrong_type("no argument, or a text", of.kind())),
            Function::Sort => Err(self.wrong_type("AVG, MAX, MIN or SUM, and ASC or DESC", "something else")),
            Function::Fill | Function::If | Function::Slice => Err(self.wrong_type("more arguments", "one")),
        }
    }

    fn on_each(&self, of: Value, change: impl Fn(&TimeSeries) -> TimeSeries) -> Result<Value, MathError> {
        match of {
            Value::Series(series) => Ok(Value::Series(change(&series))),
            Value::Array(all) => Ok(Value::Array(all.iter().map(change).collect())),
            Value::Scalar(_) => Err(self.wrong_type(EITHER, NUMBER)),
        }
    }

    /// A series to a number, or an array to the series of the numbers at each time.
    fn reduce(&self, of: Value) -> Result<Value, MathError> {
        match of {
            Value::Series(series) => Ok(Value::Scalar(statistic(self.function, series.values().map(Some)))),
            Value::Array(all) => {
                let points = aligned(&all).into_iter();
                let points = points.map(|(at, values)| (at, statistic(self.function, values.into_iter())));
                Ok(Value::Series(TimeSeries::of(points)))
            }
            Value::Scalar(_) => Err(self.wrong_type(EITHER, NUMBER)),
        }
    }

    fn pick(&self, of: Value, pick: impl Fn(Vec<TimeSeries>) -> Option<TimeSeries>) -> Result<Value, MathError> {
        Ok(Value::Series(pick(self.array(of)?).unwrap_or_default()))
    }

    fn by_calendar(&self, of: &Value) -> Result<Value, MathError> {
        let Value::Series(series) = of else {
            return Err(self.wrong_type(SERIES, of.kind()));
        };
        let times = self.times(series);
        let points = times.filter_map(|at| Some((at, calendar::value(self.function, at)?)));
        Ok(Value::Series(series.with(points)))
    }

    /// All times at which a series could have values: those of its own period.
    fn times(&self, series: &TimeSeries) -> impl Iterator<Item = Timestamp> + use<> {
        let period = series.period.map(|seconds| i64::from(seconds) * 1_000);
        let window = Window {
            period: period.unwrap_or(self.scope.window.period),
            ..self.scope.window
        };
        window.slots()
    }

    /// `FILL(m1, 0)`, `FILL(METRICS(), m1)`.
    pub(super) fn fill(&self, of: Value, filler: &Value) -> Result<Value, MathError> {
        let with = |at: Timestamp| match filler {
            Value::Scalar(number) => Some(*number),
            Value::Series(series) => series.at(at),
            Value::Array(_) => None,
        };
        if let Value::Array(_) = filler {
            return Err(self.wrong_type("a number, a time series, REPEAT or LINEAR to fill with", ARRAY));
        }
        self.on_each(of, |series| {
            let value = |at| series.at(at).or_else(|| with(at));
            series.with(self.times(series).filter_map(|at| Some((at, value(at)?))))
        })
    }

    /// `FILL(m1, REPEAT)`: the value before. `FILL(m1, LINEAR)`: on the line between the neighbours. What precedes the first
    /// value (for LINEAR: also what follows the last) has nothing to be filled with.
    pub(super) fn fill_by(&self, of: Value, word: &str, at: usize) -> Result<Value, MathError> {
        let linear = match word {
            "REPEAT" => false,
            "LINEAR" => true,
            _ => {
                return Err(MathError::UnknownId {
                    name: word.to_owned(),
                    at,
                });
            }
        };
        self.on_each(of, |series| {
            let points = self
                .times(series)
                .filter_map(|at| Some((at, neighboured(series, at, linear)?)));
            series.with(points)
        })
    }

    /// `IF(condition, then, otherwise)`.
    pub(super) fn choose(
        &self,
        condition: &Value,
        then: &Value,
        otherwise: Option<&Value>,
    ) -> Result<Value, MathError> {
        for branch in [Some(then), otherwise].into_iter().flatten() {
            if let Value::Array(_) = branch {
                return Err(self.wrong_type("numbers and time series", ARRAY));
            }
        }
        match condition {
            Value::Scalar(truth) => {
                let chosen = if *truth != 0.0 { Some(then) } else { otherwise };
                Ok(chosen.cloned().unwrap_or_else(|| Value::Series(TimeSeries::default())))
            }
            Value::Series(series) => {
                let points = series.points.iter().filter_map(|(at, truth)| {
                    let value = if *truth == 0.0 {
                        value_at(otherwise?, *at)?
                    } else {
                        value_at(then, *at).unwrap_or(0.0)
                    };
                    Some((*at, value))
                });
                Ok(Value::Series(TimeSeries::of(points)))
            }
            Value::Array(_) => Err(self.wrong_type("a number or a time series as the condition", ARRAY)),
        }
    }

    /// `SLICE(array, from, to)`.
    pub(super) fn slice(&self, of: Value, from: &Value, to: Option<&Value>) -> Result<Value, MathError> {
        let all = self.array(of)?;
        let from = index(self.scalar(from)?);
        let to = match to {
            None => all.len(),
            Some(to) => index(self.scalar(to)?),
        };
        Ok(Value::Array(all.into_iter().take(to).skip(from).collect()))
    }

    /// `SORT(array, AVG, DESC, limit)`. What has no values comes last.
    pub(super) fn sort(
        &self,
        of: Value,
        (by, at): (&str, usize),
        order: &Node,
        limit: Option<Value>,
    ) -> Result<Value, MathError> {
        let all = self.array(of)?;
        let by = match by {
            "AVG" => Function::Avg,
            "MAX" => Function::Max,
            "MIN" => Function::Min,
            "SUM" => Function::Sum,
            other => {
                return Err(MathError::Unexpected {
                    expected: "AVG, MAX, MIN or SUM",
                    found: other.to_owned(),
                    at,
                });
            }
        };
        let descending = match order {
            Node::Keyword { word, .. } if word == "ASC" => false,
            Node::Keyword { word, .. } if word == "DESC" => true,
            _ => return Err(self.wrong_type("ASC or DESC as its order", "something else")),
        };
        let mut keyed: Vec<(f64, TimeSeries)> = all
            .into_iter()
            .map(|series| (statistic(by, series.values().map(Some)), series))
            .collect();
        keyed.sort_by(|(a, one), (b, other)| {
            let sign = if descending { -1.0 } else { 1.0 };
            let empty = one.points.is_empty().cmp(&other.points.is_empty());
            empty.then_with(|| (sign * a).total_cmp(&(sign * b)))
        });
        let limit = match &limit {
            None => keyed.len(),
            Some(limit) => index(self.scalar(limit)?),
        };
        Ok(Value::Array(
            keyed.into_iter().take(limit).map(|(_, series)| series).collect(),
        ))
    }
}

/// A place in an array; what lies before the first is the first.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped by `as`, as meant"
)]
fn index(number: f64) -> usize {
    number.max(0.0) as usize
}

fn value_at(value: &Value, at: Timestamp) -> Option<f64> {
    match value {
        Value::Scalar(number) => Some(*number),
        Value::Series(series) => series.at(at),
        Value::Array(_) => None,
    }
}

/// Each value against the one before it: the change, and the seconds between them.
fn steps(series: &TimeSeries, value: impl Fn(f64, f64) -> f64) -> TimeSeries {
    let pairs = series.points.iter().zip(series.points.iter().skip(1));
    #[expect(clippy::cast_precision_loss, reason = "spans of time stay below 2^53 milliseconds")]
    let steps = pairs.map(|((from, before), (at, now))| (*at, value(now - before, (at - from) as f64 / 1_000.0)));
    series.with(steps)
}

fn running_sum(series: &TimeSeries) -> TimeSeries {
    let sums = series.points.iter().scan(0.0, |sum, (at, value)| {
        *sum += value;
        Some((*at, *sum))
    });
    series.with(sums)
}

fn neighboured(series: &TimeSeries, at: Timestamp, linear: bool) -> Option<f64> {
    let next = series.points.partition_point(|(time, _)| *time <= at);
    let (from, before) = *series.points.get(next.checked_sub(1)?)?;
    if from == at || !linear {
        return Some(before);
    }
    let (to, after) = *series.points.get(next)?;
    #[expect(clippy::cast_precision_loss, reason = "spans of time stay below 2^53 milliseconds")]
    let share = (at - from) as f64 / (to - from) as f64;
    Some(before + (after - before) * share)
}

/// A number for many; what there is no number for is left out by whoever takes it. For the average of several series a
/// missing value is a 0; for the others it is not there.
#[expect(clippy::cast_precision_loss, reason = "counts of points stay far below 2^53")]
fn statistic(function: Function, values: impl Iterator<Item = Option<f64>>) -> f64 {
    let all: Vec<Option<f64>> = values.collect();
    let there = || all.iter().copied().flatten();
    let (count, sum) = (there().count() as f64, there().sum::<f64>());
    match function {
        Function::Sum => sum,
        Function::Avg => sum / all.len() as f64,
        Function::Max => there().reduce(f64::max).unwrap_or(f64::NAN),
        Function::Min => there().reduce(f64::min).unwrap_or(f64::NAN),
        Function::Stddev => {
            let mean = sum / count;
            (there().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
        }
        Function::DatapointCount => count,
        _ => f64::NAN,
    }
}
