//! A history as people read it: each event with its state, the time since the start, and its details as JSON.

use serde::Serialize;
use serde_json::{Map, Value};
use sluice_engine::Timestamp;

use super::model::At;

/// One event. Everything but the details is small, so that a whole history of 25,000 events can be walked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EventRow {
    pub(crate) id: u64,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The state that it belongs to; none for the execution's own events.
    pub(crate) state: Option<String>,
    pub(crate) at: At,
    pub(crate) since_start_ms: i64,
    pub(crate) previous_id: u64,
    /// AWS's `...EventDetails`; JSON that AWS wraps in a string is unwrapped.
    pub(crate) details: Value,
}

/// A state on the way of an execution, and how often it was entered in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    pub(crate) state: String,
    pub(crate) times: usize,
}

/// An event without its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) id: u64,
    pub(crate) previous: u64,
    pub(crate) kind: String,
    /// The state's name, in events that carry one.
    pub(crate) name: Option<String>,
}

impl Outline {
    /// Reads an event as GetExecutionHistory writes it.
    pub(crate) fn of(event: &Value) -> Self {
        let number = |field: &str| event.get(field).and_then(Value::as_u64).unwrap_or_default();
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_state = kind.ends_with("StateEntered") || kind.ends_with("StateExited");
        let name = details(event)
            .and_then(|details| details.get("name"))
            .and_then(Value::as_str);
        Self {
            id: number("id"),
            previous: number("previousEventId"),
            name: name.filter(|_| is_state).map(str::to_owned),
            kind,
        }
    }

    fn enters(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| self.kind.ends_with("StateEntered"))
    }
}

/// For each event the state that it belongs to: its own, or that of the event before it.
pub(crate) fn states(outlines: &[Outline]) -> Vec<Option<String>> {
    let mut states: Vec<Option<String>> = Vec::with_capacity(outlines.len());
    for outline in outlines {
        let state = match &outline.name {
            Some(name) => Some(name.clone()),
            None if outline.kind.starts_with("Execution") => None,
            // Event 1 lies at index 0.
            None => previous_index(outline).and_then(|index| states.get(index).cloned().flatten()),
        };
        states.push(state);
    }
    states
}

fn previous_index(outline: &Outline) -> Option<usize> {
    usize::try_from(outline.previous).ok()?.checked_sub(1)
}

/// The states in the order in which they were entered; the same one in a row is one step.
pub(crate) fn path(outlines: &[Outline]) -> Vec<Step> {
    let mut path: Vec<Step> = Vec::new();
    for state in outlines.iter().filter_map(Outline::enters) {
        match path.last_mut() {
            Some(step) if step.state == state => step.times += 1,
            _ => path.push(Step {
                state: state.to_owned(),
                times: 1,
            }),
        }
    }
    path
}

/// An event with its details, from GetExecutionHistory's form of it.
pub(crate) fn row(event: &Value, at: Timestamp, started: Timestamp, state: Option<String>) -> EventRow {
    let outline = Outline::of(event);
    EventRow {
        id: outline.id,
        kind: outline.kind,
        state,
        at: At(at),
        since_start_ms: at.saturating_sub(started),
        previous_id: outline.previous,
        details: details(event).map_or(Value::Null, |details| Value::Object(unwrapped(details))),
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

    fn outlines(events: &[Value]) -> Vec<Outline> {
        events.iter().map(Outline::of).collect()
    }

    fn entered(id: u64, previous: u64, name: &str) -> Value {
        json!({ "id": id, "previousEventId": previous, "type": "TaskStateEntered",
            "stateEnteredEventDetails": { "name": name, "input": "{}" } })
    }

    fn plain(id: u64, previous: u64, kind: &str) -> Value {
        json!({ "id": id, "previousEventId": previous, "type": kind })
    }

    #[test]
    fn an_event_belongs_to_the_state_that_led_to_it() {
        fn check(events: &[Value], expected: &[Option<&str>]) {
            let states = states(&outlines(events));
            assert_eq!(states.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
        }
        check(&[], &[]);
        check(
            &[
                plain(1, 0, "ExecutionStarted"),
                entered(2, 0, "A"),
                plain(3, 2, "TaskScheduled"),
                plain(4, 3, "TaskStarted"),
                json!({ "id": 5, "previousEventId": 4, "type": "TaskStateExited", "stateExitedEventDetails": { "name": "A" } }),
                plain(6, 5, "ExecutionSucceeded"),
            ],
            &[None, Some("A"), Some("A"), Some("A"), Some("A"), None],
        );
        // Two branches in turn: the chain decides, not the order.
        check(
            &[
                entered(1, 0, "A"),
                entered(2, 0, "B"),
                plain(3, 1, "TaskScheduled"),
                plain(4, 2, "TaskScheduled"),
            ],
            &[Some("A"), Some("B"), Some("A"), Some("B")],
        );
        // Chains that point nowhere.
        check(
            &[
                plain(1, 0, "TaskFailed"),
                plain(2, 99, "TaskFailed"),
                plain(3, 3, "TaskFailed"),
            ],
            &[None, None, None],
        );
        // A scheduled function has a name too; it is not a state's.
        check(
            &[
                json!({ "id": 1, "previousEventId": 0, "type": "LambdaFunctionScheduled", "xEventDetails": { "name": "f" } }),
            ],
            &[None],
        );
    }

    #[test]
    fn the_path_joins_what_repeats() {
        fn check(names: &[&str], expected: &[(&str, usize)]) {
            let events: Vec<Value> = names
                .iter()
                .zip(1..)
                .map(|(name, id)| entered(id, id - 1, name))
                .collect();
            let path = path(&outlines(&events));
            let steps: Vec<_> = path.iter().map(|step| (step.state.as_str(), step.times)).collect();
            assert_eq!(steps, expected);
        }
        check(&[], &[]);
        check(&["A", "B", "A"], &[("A", 1), ("B", 1), ("A", 1)]);
        check(&["A", "A", "A", "B"], &[("A", 3), ("B", 1)]);
    }

    #[test]
    fn wrapped_json_is_unwrapped_once() {
        fn check(details: Value, expected: Value) {
            let event = json!({ "id": 3, "previousEventId": 2, "type": "T", "tEventDetails": details });
            assert_eq!(row(&event, 1_500, 1_000, None).details, expected);
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
        check(json!("odd"), Value::Null);
    }
}
