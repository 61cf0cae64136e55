//! Operators. Where both sides are series, a value that only one of them has meets a 0.

use crate::math::parser::Operator;
use crate::math::value::aligned;
use crate::math::{MathError, TimeSeries, Value};

pub(super) fn negative(value: Value) -> Value {
    match value {
        Value::Scalar(number) => Value::Scalar(-number),
        Value::Series(series) => Value::Series(series.map(|value| -value)),
        Value::Array(all) => Value::Array(all.iter().map(|series| series.map(|value| -value)).collect()),
    }
}

pub(super) fn binary(operator: Operator, left: Value, right: Value, at: usize) -> Result<Value, MathError> {
    use Value::{Array, Scalar, Series};
    let apply = |left, right| compute(operator, left, right);
    Ok(match (left, right) {
        (Scalar(left), Scalar(right)) => Scalar(apply(left, right)),
        (Scalar(left), Series(right)) => Series(right.map(|right| apply(left, right))),
        (Series(left), Scalar(right)) => Series(left.map(|left| apply(left, right))),
        (Series(left), Series(right)) => Series(both(operator, left, right)),
        (Scalar(left), Array(right)) => Array(each(&right, |one| one.map(|right| apply(left, right)))),
        (Array(left), Scalar(right)) => Array(each(&left, |one| one.map(|left| apply(left, right)))),
        (Series(left), Array(right)) => Array(each(&right, |one| TimeSeries {
            label: one.label.clone(),
            ..both(operator, left.clone(), one.clone())
        })),
        (Array(left), Series(right)) => Array(each(&left, |one| both(operator, one.clone(), right.clone()))),
        (Array(_), Array(_)) => {
            return Err(MathError::Type {
                what: operator.sign().to_owned(),
                takes: "an array of time series only beside a number or a time series",
                got: "two arrays",
                at,
            });
        }
    })
}

fn each(all: &[TimeSeries], change: impl FnMut(&TimeSeries) -> TimeSeries) -> Vec<TimeSeries> {
    all.iter().map(change).collect()
}

fn both(operator: Operator, left: TimeSeries, right: TimeSeries) -> TimeSeries {
    let label = left.label.clone();
    let points = aligned(&[left, right]).into_iter().map(|(at, values)| {
        let [left, right] = [0, 1].map(|side| values.get(side).copied().flatten().unwrap_or(0.0));
        (at, compute(operator, left, right))
    });
    TimeSeries {
        label,
        ..TimeSeries::of(points)
    }
}

#[expect(clippy::float_cmp, reason = "the language's == compares exactly")]
fn compute(operator: Operator, left: f64, right: f64) -> f64 {
    let truth = |truth: bool| f64::from(u8::from(truth));
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Power => left.powf(right),
        Operator::Equal => truth(left == right),
        Operator::Unequal => truth(left != right),
        Operator::AtMost => truth(left <= right),
        Operator::AtLeast => truth(left >= right),
        Operator::Less => truth(left < right),
        Operator::More => truth(left > right),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Or => truth(left != 0.0 || right != 0.0),
    }
}
