//! `States.MathAdd` and `States.MathRandom`.

use serde_json::Value;

use super::refusal::{FunctionResult, Refusal, refuse};
use crate::eval::java_random::JavaRandom;
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

pub(super) fn integer(value: &Value) -> Result<i64, Refusal> {
    rounded(value).map_or_else(refuse, Ok)
}

pub(super) fn math_add(a: &Value, b: &Value) -> FunctionResult {
    let (a, b) = (integer(a)?, integer(b)?);
    match a.checked_add(b) {
        Some(sum) if i32::try_from(sum).is_ok() => Ok(Value::from(sum)),
        _ => refuse(),
    }
}

/// A number cut to a whole one: MathRandom was measured on AWS to take 1.6 for 1, and to refuse 1.4 to 1.6.
fn cut(value: &Value) -> Result<i64, Refusal> {
    match value.as_i64() {
        Some(n) => Ok(n),
        None => value.as_f64().map(|n| n as i64).map_or_else(refuse, Ok),
    }
}

pub(super) fn math_random(from: &Value, to: &Value, seed: Option<&Value>, scope: &Scope<'_>) -> FunctionResult {
    let (from, to) = (cut(from)?, cut(to)?);
    let seed = seed.map(cut).transpose()?;
    if from >= to {
        return refuse();
    }
    let span = to.abs_diff(from);
    let offset = match (seed, u32::try_from(span)) {
        // the same seed gives the same number, Java's
        (Some(seed), Ok(span)) if span < 1 << 31 => u64::from(JavaRandom::new(seed).below(span)),
        (Some(_), _) => return refuse(),
        (None, _) => ((u128::from(scope.entropy.next_u64()) * u128::from(span)) >> 64) as u64,
    };
    Ok(Value::from(from.wrapping_add_unsigned(offset)))
}
