//! `States.MathAdd` and `States.MathRandom`.

use serde_json::Value;

use super::refusal::{Failure, FunctionResult, refuse};
use crate::eval::entropy::Entropy;
use crate::eval::scope::Scope;

/// A number rounded to the nearest integer, halves upwards, as Java's `Math.round` does it.
pub(super) fn rounded(value: &Value) -> Option<i64> {
    if let Some(n) = value.as_i64() {
        return Some(n);
    }
    let n = (value.as_f64()? + 0.5).floor();
    // a cast saturates; what is out of range is no integer here
    (n.abs() < i64::MAX as f64).then_some(n as i64)
}

pub(super) fn integer(value: &Value, what: &str) -> Result<i64, Failure> {
    match rounded(value) {
        Some(n) => Ok(n),
        None => refuse(format!("{what} must be a number, but was: {value}")),
    }
}

pub(super) fn math_add(a: &Value, b: &Value) -> FunctionResult {
    let (a, b) = (integer(a, "The first argument")?, integer(b, "The second argument")?);
    match a.checked_add(b) {
        Some(sum) if i32::try_from(sum).is_ok() => Ok(Value::from(sum)),
        _ => refuse("The sum does not fit between -2147483648 and 2147483647"),
    }
}

pub(super) fn math_random(from: &Value, to: &Value, seed: Option<&Value>, scope: &Scope<'_>) -> FunctionResult {
    let (from, to) = (integer(from, "The start number")?, integer(to, "The end number")?);
    if from >= to {
        return refuse("The start number must be less than the end number");
    }
    let bits = match seed {
        None => scope.entropy.next_u64(),
        // the same seed gives the same number
        Some(seed) => Entropy::new([integer(seed, "The seed")? as u64, 0]).next_u64(),
    };
    let span = to.abs_diff(from);
    let offset = ((u128::from(bits) * u128::from(span)) >> 64) as u64;
    Ok(Value::from(from.wrapping_add_unsigned(offset)))
}
