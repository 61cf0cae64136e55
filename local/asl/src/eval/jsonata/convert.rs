//! Between JSON values and JSONata's.

use jsonata_core::value::{JArray, JValue, with_stack};
use serde_json::{Number, Value};

use super::limits::MAX_RESULT;

/// The deepest result.
const MAX_RESULT_DEPTH: usize = 1_000;

/// The reason for which a result is no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsupported {
    /// It holds a function or a regular expression.
    Type,
    /// It is larger or deeper than any state's data may be.
    Size,
}

pub(super) fn to_jsonata(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(b) => JValue::Bool(*b),
        Value::Number(n) => match n.as_i64() {
            Some(n) => JValue::integer(n),
            None => JValue::Number(n.as_f64().unwrap_or(0.0)),
        },
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => with_stack(|| {
            let flat = !items.iter().any(Value::is_array);
            JValue::Array(JArray::new_flat(items.iter().map(to_jsonata).collect(), flat))
        }),
        Value::Object(map) => with_stack(|| {
            JValue::object(
                map.iter()
                    .map(|(key, value)| (key.clone(), to_jsonata(value)))
                    .collect(),
            )
        }),
    }
}

pub(super) fn from_jsonata(value: &JValue) -> Result<Value, Unsupported> {
    let mut budget = MAX_RESULT;
    convert(value, &mut budget, MAX_RESULT_DEPTH)
}

fn convert(value: &JValue, budget: &mut usize, depth: usize) -> Result<Value, Unsupported> {
    let mut spend = |bytes: usize| match budget.checked_sub(bytes) {
        Some(left) if depth > 0 => {
            *budget = left;
            Ok(())
        }
        _ => Err(Unsupported::Size),
    };
    match value {
        JValue::Null | JValue::Undefined => {
            spend(4)?;
            Ok(Value::Null)
        }
        JValue::Bool(b) => {
            spend(4)?;
            Ok(Value::Bool(*b))
        }
        JValue::Number(n) => {
            spend(8)?;
            Ok(number(*n))
        }
        JValue::Integer(n) => {
            spend(8)?;
            Ok(Value::from(*n))
        }
        JValue::String(text) => {
            spend(text.len() + 2)?;
            Ok(Value::String(text.to_string()))
        }
        JValue::Array(items) => {
            spend(2)?;
            with_stack(|| items.iter().map(|item| convert(item, budget, depth - 1)).collect())
        }
        JValue::Object(map) => {
            spend(2 + map.keys().map(|key| key.len() + 4).sum::<usize>())?;
            with_stack(|| {
                map.iter()
                    .filter(|(_, value)| !value.is_undefined())
                    .map(|(key, value)| Ok((key.clone(), convert(value, budget, depth - 1)?)))
                    .collect::<Result<serde_json::Map<_, _>, _>>()
                    .map(Value::Object)
            })
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => Err(Unsupported::Type),
    }
}

/// A double as AWS writes it: whole numbers without a fraction, and what is not finite as a text.
pub(super) fn number(n: f64) -> Value {
    // 2^63 is the first whole number that i64 does not hold
    if n.fract() == 0.0 && n.abs() < 9_223_372_036_854_775_808.0 {
        return Value::from(n as i64);
    }
    match Number::from_f64(n) {
        Some(number) => Value::Number(number),
        None if n.is_nan() => Value::from("NaN"),
        None if n < 0.0 => Value::from("-Infinity"),
        None => Value::from("Infinity"),
    }
}

/// The length of the text that a value becomes inside of a string, or None if it is longer than `limit`.
pub(super) fn text_len(value: &JValue, limit: usize) -> Option<usize> {
    fn add(value: &JValue, left: &mut usize) -> Option<()> {
        let own = match value {
            JValue::String(text) => text.len() + 2,
            JValue::Array(_) => 2,
            JValue::Object(map) => 2 + map.keys().map(|key| key.len() + 4).sum::<usize>(),
            _ => 4,
        };
        *left = left.checked_sub(own)?;
        match value {
            JValue::Array(items) => with_stack(|| items.iter().try_for_each(|item| add(item, left))),
            JValue::Object(map) => with_stack(|| map.values().try_for_each(|item| add(item, left))),
            _ => Some(()),
        }
    }
    let mut left = limit;
    add(value, &mut left)?;
    Some(limit - left)
}
