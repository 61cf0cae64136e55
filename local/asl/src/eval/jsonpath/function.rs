//! The functions at the ends of paths.

use serde_json::Value;

use super::missing::Missing;
use super::query::Function;

impl Function {
    /// The function's value for what a path found.
    pub(super) fn apply(&self, value: &Value) -> Result<Value, Missing> {
        Ok(match self {
            Function::Length => match value {
                Value::Array(items) => Value::from(items.len()),
                Value::Object(map) => Value::from(map.len()),
                Value::String(text) => Value::from(text.chars().count()),
                Value::Null | Value::Bool(_) | Value::Number(_) => Value::Null,
            },
            Function::Keys => match value {
                Value::Object(map) => map.keys().cloned().map(Value::String).collect(),
                _ => Value::Null,
            },
            Function::First => item(value, 0)?,
            Function::Last => item(value, -1)?,
            Function::Index(index) => item(value, *index)?,
            Function::Concat(_) => concat(value, &[] as &[Value]),
            Function::Sum => Value::from(numbers(value)?.iter().sum::<f64>()),
            Function::Min => Value::from(numbers(value)?.into_iter().fold(f64::INFINITY, f64::min)),
            Function::Max => Value::from(numbers(value)?.into_iter().fold(f64::NEG_INFINITY, f64::max)),
            Function::Avg => Value::from(mean(&numbers(value)?)),
            Function::StandardDeviation => {
                let numbers = numbers(value)?;
                let squares: Vec<f64> = numbers.iter().map(|n| n * n).collect();
                Value::from((mean(&squares) - mean(&numbers).powi(2)).max(0.0).sqrt())
            }
        })
    }
}

/// The texts of what was found, and of the arguments, in a row.
pub(super) fn concat(found: &Value, arguments: &[impl std::borrow::Borrow<Value>]) -> Value {
    let mut text = String::new();
    append(&mut text, found);
    for argument in arguments {
        append(&mut text, argument.borrow());
    }
    Value::String(text)
}

fn append(text: &mut String, value: &Value) {
    match value {
        Value::String(part) => text.push_str(part),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .for_each(|part| text.push_str(part)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
}

fn item(value: &Value, index: i64) -> Result<Value, Missing> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let found = if index >= 0 {
        items.get(distance)
    } else {
        items.len().checked_sub(distance).and_then(|at| items.get(at))
    };
    found.cloned().ok_or_else(empty)
}

fn numbers(value: &Value) -> Result<Vec<f64>, Missing> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    let numbers: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
    if numbers.is_empty() { Err(empty()) } else { Ok(numbers) }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn empty() -> Missing {
    Missing("Aggregation function attempted to calculate value using empty array".to_owned())
}
