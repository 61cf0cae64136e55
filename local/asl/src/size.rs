//! Sizes of values as JSON text.

use std::io;

use serde_json::Value;

/// Tells whether `value` has containers nested more than `levels` deep. Never looks deeper than that itself.
///
/// JSON values are cloned, written and dropped by recursion, so what a definition builds in a loop must be bounded
/// before the stack is.
///
/// ```
/// use serde_json::json;
/// use sluice_asl::nests_deeper;
///
/// assert!(nests_deeper(&json!([[1]]), 1));
/// assert!(!nests_deeper(&json!([[1]]), 2));
/// ```
pub fn nests_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| nests_deeper(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| nests_deeper(member, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Roughly the memory of a value, cheaper than [`serialized_len`]: what an evaluation is charged for a copy.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => 8 + text.len(),
        Value::Array(items) => 8 + items.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            8 + members
                .iter()
                .map(|(name, member)| 8 + name.len() + weight(member))
                .sum::<usize>()
        }
    }
}

/// The number of bytes of the compact JSON text of `value`, without building it.
///
/// AWS limits states' inputs and outputs to 262,144 bytes of it.
///
/// ```
/// use serde_json::json;
/// use sluice_asl::serialized_len;
///
/// assert_eq!(serialized_len(&json!({ "a": [1, 2] })), r#"{"a":[1,2]}"#.len());
/// ```
pub fn serialized_len(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // writing to a counter cannot fail, and every Value has a JSON text
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_is_counted_in_containers() {
        for (value, levels) in [
            (json!(1), 0),
            (json!([]), 1),
            (json!({"a": [1]}), 2),
            (json!([1, {"a": {"b": []}}]), 4),
        ] {
            assert!(!nests_deeper(&value, levels), "{value}");
            assert!(levels == 0 || nests_deeper(&value, levels - 1), "{value}");
        }
    }
}
