//! Functions about arrays.

use serde_json::Value;

use super::{Failure, Outcome, integer, refuse};

/// The most items that `ArrayRange` makes.
const MAX_RANGE: u64 = 1000;

fn items(value: &Value) -> Result<&Vec<Value>, Failure> {
    match value {
        Value::Array(items) => Ok(items),
        other => refuse(format!("The first argument must be an array, but was: {other}")),
    }
}

/// Numbers are equal by value: 1 is 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|other| same(v, other)))
        }
        (a, b) => a == b,
    }
}

pub(super) fn partition(array: &Value, size: &Value) -> Outcome {
    let items = items(array)?;
    match usize::try_from(integer(size, "The chunk size")?) {
        Ok(size) if size > 0 => Ok(items.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect()),
        _ => refuse("The chunk size must be a positive number"),
    }
}

pub(super) fn contains(array: &Value, value: &Value) -> Outcome {
    Ok(Value::Bool(items(array)?.iter().any(|item| same(item, value))))
}

pub(super) fn range(from: &Value, to: &Value, step: &Value) -> Outcome {
    let from = integer(from, "The first number")?;
    let to = integer(to, "The last number")?;
    let step = integer(step, "The increment")?;
    if step == 0 {
        return refuse("The increment must not be zero");
    }
    let distance = if step > 0 {
        to.checked_sub(from)
    } else {
        from.checked_sub(to)
    };
    let count = match distance.map(u64::try_from) {
        Some(Ok(distance)) => distance / step.unsigned_abs() + 1,
        Some(Err(_)) => 0,
        None => u64::MAX,
    };
    if count > MAX_RANGE {
        return refuse(format!("The range must not have more than {MAX_RANGE} items"));
    }
    Ok((0..count).map(|i| Value::from(from + i as i64 * step)).collect())
}

pub(super) fn get_item(array: &Value, index: &Value) -> Outcome {
    let items = items(array)?;
    let index = integer(index, "The index")?;
    match usize::try_from(index).ok().and_then(|i| items.get(i)) {
        Some(item) => Ok(item.clone()),
        None => refuse(format!(
            "The index {index} is outside of the array of {} items",
            items.len()
        )),
    }
}

pub(super) fn length(array: &Value) -> Outcome {
    Ok(Value::from(items(array)?.len()))
}

pub(super) fn unique(array: &Value) -> Outcome {
    let mut kept: Vec<Value> = Vec::new();
    for item in items(array)? {
        if !kept.iter().any(|other| same(item, other)) {
            kept.push(item.clone());
        }
    }
    Ok(Value::Array(kept))
}
