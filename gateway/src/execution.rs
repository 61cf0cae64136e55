//! What all functions that start executions know of them.

use serde_json::Value;

use crate::http::BODY_LIMIT;

/// The execution's input in bytes. Far below Step Functions' 256 KiB, because the fields appear in it more than once
/// on their way.
pub(crate) const INPUT_LIMIT: usize = BODY_LIMIT;

/// Whether this can be an execution's name, of those that the gateway gives: what Step Functions takes and logs
/// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>).
pub(crate) fn is_name(name: &str) -> bool {
    (1..=80).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether two inputs are the same value, however they are written.
pub(crate) fn is_same_json(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).zip(read(other)).is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_step_functions_takes_and_logs() {
        let longest = "n".repeat(80);
        for name in ["a", "night-1njc-17", "A_b-9", longest.as_str()] {
            assert!(is_name(name), "{name}");
        }
        let longer = "n".repeat(81);
        for name in ["", "a b", "a/b", "a:b", "é", "a\n", "a.b", longer.as_str()] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn inputs_are_compared_by_value() {
        for (one, other, same) in [
            ("{}", "{}", true),
            (r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#, true),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
            ("{", "{", true),
            ("{", "[", false),
        ] {
            assert_eq!(is_same_json(one, other), same, "{one} {other}");
        }
    }
}
