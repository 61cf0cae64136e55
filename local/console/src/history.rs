//! A history as people read it: each event with its state, the time since the start, and its details as JSON.

use serde::Serialize;
use serde_json::{Map, Value};
use sluice_engine::{HistoryEvent, Timestamp};

use super::model::At;

/// One event. Everything but the details is small, so that a whole history of 25,000 events can be walked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EventRow {
    pub(crate) id: u64,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The state that it belongs to; none for the execution's own events.
    pub(crate) state: Option<String>,
    /// The visit of that state: the number of its `…StateEntered` event.
    pub(crate) visit: Option<u64>,
    pub(crate) at: At,
    pub(crate) since_start_ms: i64,
    pub(crate) previous_id: u64,
    /// AWS's `...EventDetails`; JSON that AWS wraps in a string is unwrapped.
    pub(crate) details: Value,
}

/// An event with its details; `state` is the one that it is about, and `visit` the stay in it.
pub(crate) fn row(event: &HistoryEvent, started: Timestamp, state: Option<String>, visit: u64) -> EventRow {
    let told = event.to_json(true);
    EventRow {
        id: event.id,
        kind: event.kind.type_name(),
        state,
        visit: (visit > 0).then_some(visit),
        at: At(event.timestamp),
        since_start_ms: event.timestamp.saturating_sub(started),
        previous_id: event.previous_event_id,
        details: details(&told).map_or(Value::Null, |details| Value::Object(unwrapped(details))),
    }
}

/// The one member that ends in `EventDetails`.
fn details(event: &Value) -> Option<&Map<String, Value>> {
    let members = event.as_object()?;
    members
        .iter()
        .find(|(name, _)| name.ends_with("EventDetails"))
        .and_then(|(_, value)| value.as_object())
}

/// The details with JSON instead of strings that hold JSON, where AWS documents such strings.
fn unwrapped(details: &Map<String, Value>) -> Map<String, Value> {
    let mut members = details.clone();
    for name in ["input", "output", "parameters"] {
        if let Some(value) = members.get_mut(name) {
            let inner = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            if let Some(inner) = inner {
                *value = inner;
            }
        }
    }
    if let Some(Value::Object(variables)) = members.get_mut("assignedVariables") {
        for value in variables.values_mut() {
            let inner = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            if let Some(inner) = inner {
                *value = inner;
            }
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wrapped_json_is_unwrapped_once() {
        fn check(details: Value, expected: Value) {
            let Value::Object(details) = details else {
                panic!("an object")
            };
            assert_eq!(Value::Object(unwrapped(&details)), expected);
        }
        check(json!({ "input": "{\"a\":\"{}\"}" }), json!({ "input": { "a": "{}" } }));
        check(
            json!({ "output": "not json", "cause": "{}" }),
            json!({ "output": "not json", "cause": "{}" }),
        );
        check(
            json!({ "parameters": "[1]", "name": "1" }),
            json!({ "parameters": [1], "name": "1" }),
        );
        check(
            json!({ "assignedVariables": { "v": "{\"ok\":true}" } }),
            json!({ "assignedVariables": { "v": { "ok": true } } }),
        );
    }
}
