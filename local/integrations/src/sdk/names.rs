//! Names and times as the AWS SDK for Java has them, and as the services have them.

use serde_json::{Map, Value, json};
use sluice_clock::Timestamp;
use sluice_wire::rfc_3339;

/// The members whose values are maps: their keys are data, and no names.
const MAPS: [&str; 6] = [
    "Attributes",
    "Dimensions",
    "MessageAttributes",
    "MessageSystemAttributes",
    "Tags",
    "Variables",
];

/// The API's operation behind an action: `startExecution` is `StartExecution`.
pub(crate) fn operation(action: &str) -> String {
    upper(action)
}

pub(super) fn upper(name: &str) -> String {
    first(name, |c| c.to_ascii_uppercase())
}

pub(super) fn lower(name: &str) -> String {
    first(name, |c| c.to_ascii_lowercase())
}

fn first(name: &str, change: fn(char) -> char) -> String {
    let mut chars = name.chars();
    chars.next().map(change).into_iter().chain(chars).collect()
}

/// A member's name in the SDK for Java, whose names have no acronym at their beginning: `MD5OfBody` is `Md5OfBody`.
pub(super) fn sdk(name: &str) -> String {
    let name = upper(name);
    let acronym = name
        .find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit())
        .map_or(name.len(), |end| end.saturating_sub(1));
    let (acronym, rest) = name.split_at(acronym.max(1).min(name.len()));
    let (first, others) = acronym.split_at(acronym.len().min(1));
    format!("{first}{}{rest}", others.to_ascii_lowercase())
}

/// The value with the members of all objects renamed; those without a value are left out.
pub(super) fn renamed(value: &Value, rename: fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                members
                    .map(|(name, value)| {
                        let is_map = value.is_object() && MAPS.contains(&upper(name).as_str());
                        let value = if is_map { value.clone() } else { renamed(value, rename) };
                        (rename(name), value)
                    })
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| renamed(item, rename)).collect()),
        other => other.clone(),
    }
}

/// The value with a time as text wherever a member that `is_time` has one in seconds.
pub(super) fn with_times(value: Value, is_time: fn(&str) -> bool) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let value = if is_time(&name) {
                    times(value)
                } else {
                    with_times(value, is_time)
                };
                (name, value)
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(|item| with_times(item, is_time)).collect(),
        other => other,
    }
}

/// A response of DynamoDB with its times as texts. An attribute is an object, whatever its name: it stays.
pub(crate) fn with_date_times(response: Value) -> Value {
    with_times(response, |name| name.ends_with("DateTime"))
}

fn times(value: Value) -> Value {
    match value {
        Value::Number(seconds) => time(seconds.as_f64().unwrap_or_default()),
        Value::Array(items) => items.into_iter().map(times).collect(),
        other => other,
    }
}

/// As Java's `Instant` writes it: without the milliseconds when there are none.
#[expect(clippy::cast_possible_truncation, reason = "times are far below 2^53 milliseconds")]
pub(super) fn time(seconds: f64) -> Value {
    json!(instant(&rfc_3339((seconds * 1000.0).round() as Timestamp)))
}

/// A time's text without milliseconds that are none.
pub(super) fn instant(text: &str) -> String {
    match text.strip_suffix(".000Z") {
        Some(whole) => format!("{whole}Z"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acronym_at_the_beginning_is_a_word() {
        for (wire, expected) in [
            ("MD5OfMessageBody", "Md5OfMessageBody"),
            ("UUID", "Uuid"),
            ("KMSKeyArn", "KmsKeyArn"),
            ("StreamARN", "StreamARN"),
            ("logGroupName", "LogGroupName"),
            ("CodeSha256", "CodeSha256"),
            ("A", "A"),
            ("", ""),
        ] {
            assert_eq!(sdk(wire), expected, "{wire}");
        }
    }

    #[test]
    fn keys_of_maps_are_data() {
        let given = json!({ "QueueUrl": "q", "MessageAttributes": { "MyKey": { "StringValue": "v" } }, "No": null });
        let expected = json!({ "queueUrl": "q", "messageAttributes": { "MyKey": { "StringValue": "v" } } });
        assert_eq!(renamed(&given, lower), expected);
        // a list of pairs has names
        let given = json!({ "Tags": [{ "Key": "k" }] });
        assert_eq!(renamed(&given, lower), json!({ "tags": [{ "key": "k" }] }));
    }
}
