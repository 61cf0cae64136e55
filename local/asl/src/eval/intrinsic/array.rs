//! Functions about arrays.

use std::collections::HashSet;

use serde_json::Value;

use super::number::integer;
use super::refusal::{FunctionResult, Refusal, refuse};

/// The most items that `ArrayRange` makes.
const MAX_RANGE: u64 = 1000;

fn items(value: &Value) -> Result<&Vec<Value>, Refusal> {
    match value {
        Value::Array(items) => Ok(items),
        _ => refuse(),
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

pub(super) fn partition(array: &Value, size: &Value) -> FunctionResult {
    let items = items(array)?;
    match usize::try_from(integer(size)?) {
        Ok(size) if size > 0 => Ok(items.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect()),
        _ => refuse(),
    }
}

pub(super) fn contains(array: &Value, value: &Value) -> FunctionResult {
    Ok(Value::Bool(items(array)?.iter().any(|item| same(item, value))))
}

pub(super) fn range(from: &Value, to: &Value, step: &Value) -> FunctionResult {
    let from = integer(from)?;
    let to = integer(to)?;
    let step = integer(step)?;
    if step == 0 {
        return refuse();
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
        return refuse();
    }
    Ok((0..count).map(|i| Value::from(from + i as i64 * step)).collect())
}

pub(super) fn get_item(array: &Value, index: &Value) -> FunctionResult {
    let items = items(array)?;
    let index = integer(index)?;
    match usize::try_from(index).ok().and_then(|i| items.get(i)) {
        Some(item) => Ok(item.clone()),
        None => refuse(),
    }
}

pub(super) fn length(array: &Value) -> FunctionResult {
    Ok(Value::from(items(array)?.len()))
}

pub(super) fn unique(array: &Value) -> FunctionResult {
    let mut seen = HashSet::new();
    let mut kept: Vec<Value> = Vec::new();
    for item in items(array)? {
        let mut key = String::new();
        write_key(item, &mut key);
        if seen.insert(key) {
            kept.push(item.clone());
        }
    }
    Ok(Value::Array(kept))
}

/// A text that two values share if they are the [`same`].
fn write_key(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => {
            // numbers that are equal as doubles are equal; -0 is 0
            let double = number.as_f64().unwrap_or(f64::NAN) + 0.0;
            out.push_str(&format!("{:x};", double.to_bits()));
        }
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| write_key(item, out));
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, member) in sorted {
                out.push_str(&Value::from(name.as_str()).to_string());
                write_key(member, out);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{same, write_key};

    #[test]
    fn values_share_a_key_exactly_if_they_are_the_same() {
        let values = [
            json!(null),
            json!(true),
            json!(1),
            json!(1.0),
            json!(-0.0),
            json!(0),
            json!("1"),
            json!("null"),
            json!(""),
            json!([]),
            json!([1]),
            json!([[1]]),
            json!(["1"]),
            json!([1, 2]),
            json!([12]),
            json!({}),
            json!({"a": 1}),
            json!({"a": 1, "b": 2}),
            json!({"b": 2, "a": 1.0}),
            json!({"a": {"b": 2}}),
            json!({"ab": 2}),
            json!([{}, {}]),
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992_i64),
            json!(u64::MAX),
            json!("[1;]"),
        ];
        let key = |value: &Value| {
            let mut key = String::new();
            write_key(value, &mut key);
            key
        };
        for a in &values {
            for b in &values {
                assert_eq!(key(a) == key(b), same(a, b), "{a} and {b}");
            }
        }
    }
}
