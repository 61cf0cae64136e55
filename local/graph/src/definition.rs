//! The parts of a definition that are drawn.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::condition;

/// The reason for which a text is not drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// It is not JSON.
    #[error("the definition is not JSON: {0}")]
    NotJson(String),
    /// A field that a drawing needs is absent or of another type.
    #[error("{place}: {problem}")]
    Field {
        /// A JSON pointer to the state or flow.
        place: String,
        /// The problem.
        problem: String,
    },
}

impl GraphError {
    fn field(place: &str, problem: impl Into<String>) -> Self {
        let place = if place.is_empty() { "/" } else { place };
        Self::Field {
            place: place.to_owned(),
            problem: problem.into(),
        }
    }
}

/// A state machine, as far as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// `Comment`.
    pub comment: Option<String>,
    /// Its states.
    pub flow: Flow,
}

/// States that run together: a machine's own, a Parallel branch's or a Map processor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// `StartAt`.
    pub start_at: String,
    /// The states in the order of the document.
    pub states: Vec<State>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its name, unique in the whole machine.
    pub name: String,
    /// Its type.
    pub kind: StateType,
    /// `Comment`.
    pub comment: Option<String>,
    /// The resource of a Task in short, the error of a Fail, the time of a Wait.
    pub detail: Option<String>,
    /// It has `End`, or is a Succeed.
    pub ends: bool,
    /// The ways out of it, one for each target and kind.
    pub edges: Vec<Edge>,
    /// The branches of a Parallel, or the processor of a Map.
    pub inner: Vec<Flow>,
}

/// The eight types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the language's
pub enum StateType {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

/// A way from a state to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The state that it leads to.
    pub to: String,
    /// Its kind.
    pub kind: EdgeKind,
    /// The conditions or errors that lead along it.
    pub labels: Vec<String>,
}

/// The kinds of ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// `Next`.
    Next,
    /// A Choice's rule or default.
    Choice,
    /// A catcher.
    Catch,
}

impl StateType {
    const ALL: [Self; 8] = [
        Self::Pass,
        Self::Task,
        Self::Choice,
        Self::Wait,
        Self::Succeed,
        Self::Fail,
        Self::Parallel,
        Self::Map,
    ];

    /// The name in a definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Task => "Task",
            Self::Choice => "Choice",
            Self::Wait => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
        }
    }
}

impl fmt::Display for StateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Definition {
    /// Reads a definition's text.
    ///
    /// # Errors
    /// When it is not JSON, a state has no known type, or a way leads to no state.
    pub fn parse(text: &str) -> Result<Self, GraphError> {
        let value: Value = serde_json::from_str(text).map_err(|error| GraphError::NotJson(error.to_string()))?;
        let Some(machine) = value.as_object() else {
            return Err(GraphError::field("", "a definition is a JSON object"));
        };
        Ok(Self {
            comment: text_of(machine, "Comment"),
            flow: flow(machine, "")?,
        })
    }

    /// Finds a state, at whatever depth.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.flow.find(name)
    }

    /// The definition of a Map's children: the flow of its processor.
    pub fn child(&self, map: &str) -> Option<Self> {
        let state = self.state(map).filter(|state| state.kind == StateType::Map)?;
        Some(Self {
            comment: state.comment.clone(),
            flow: state.inner.first()?.clone(),
        })
    }
}

impl Flow {
    /// The number of its states, and of all in them.
    pub fn size(&self) -> usize {
        self.states.iter().map(|state| 1 + state.size()).sum()
    }

    fn find(&self, name: &str) -> Option<&State> {
        self.states.iter().find_map(|state| {
            if state.name == name {
                return Some(state);
            }
            state.inner.iter().find_map(|flow| flow.find(name))
        })
    }
}

impl State {
    /// The number of states in it.
    pub fn size(&self) -> usize {
        self.inner.iter().map(Flow::size).sum()
    }
}

fn text_of(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn flow(fields: &Map<String, Value>, place: &str) -> Result<Flow, GraphError> {
    let start_at = text_of(fields, "StartAt").ok_or_else(|| GraphError::field(place, "it has no StartAt"))?;
    let states = fields
        .get("States")
        .and_then(Value::as_object)
        .filter(|states| !states.is_empty())
        .ok_or_else(|| GraphError::field(place, "it has no States"))?;
    let states = states
        .iter()
        .map(|(name, value)| state(name, value, &format!("{place}/States/{name}")))
        .collect::<Result<Vec<State>, GraphError>>()?;
    let names: HashSet<&str> = states.iter().map(|state| state.name.as_str()).collect();
    if !names.contains(start_at.as_str()) {
        return Err(GraphError::field(
            place,
            format!("StartAt is {start_at:?}, which is none of its States"),
        ));
    }
    for state in &states {
        if let Some(lost) = state.edges.iter().find(|edge| !names.contains(edge.to.as_str())) {
            let problem = format!("it leads to {:?}, which is no state beside it", lost.to);
            return Err(GraphError::field(&format!("{place}/States/{}", state.name), problem));
        }
    }
    Ok(Flow { start_at, states })
}

fn state(name: &str, value: &Value, place: &str) -> Result<State, GraphError> {
    let fields = value
        .as_object()
        .ok_or_else(|| GraphError::field(place, "a state is an object"))?;
    let kind = text_of(fields, "Type").unwrap_or_default();
    let kind = StateType::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(|| GraphError::field(place, format!("its Type is {kind:?}, which is none of the eight")))?;
    Ok(State {
        name: name.to_owned(),
        kind,
        comment: text_of(fields, "Comment"),
        detail: detail(kind, fields),
        ends: kind == StateType::Succeed || fields.get("End") == Some(&Value::Bool(true)),
        edges: edges(fields),
        inner: inner(kind, fields, place)?,
    })
}

fn inner(kind: StateType, fields: &Map<String, Value>, place: &str) -> Result<Vec<Flow>, GraphError> {
    match kind {
        StateType::Parallel => objects(fields, "Branches")
            .enumerate()
            .map(|(index, branch)| flow(branch, &format!("{place}/Branches/{index}")))
            .collect(),
        StateType::Map => {
            let name = if fields.contains_key("ItemProcessor") {
                "ItemProcessor"
            } else {
                "Iterator"
            };
            let processor = fields.get(name).and_then(Value::as_object);
            let processor = processor.ok_or_else(|| GraphError::field(place, "the Map has no ItemProcessor"))?;
            Ok(vec![flow(processor, &format!("{place}/{name}"))?])
        }
        _ => Ok(Vec::new()),
    }
}

fn objects<'v>(fields: &'v Map<String, Value>, name: &str) -> impl Iterator<Item = &'v Map<String, Value>> + use<'v> {
    let entries = fields.get(name).and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(Value::as_object)
}

fn edges(fields: &Map<String, Value>) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    let mut add = |to: Option<&str>, kind, label: Option<String>| {
        let Some(to) = to else { return };
        let known = edges.iter_mut().find(|edge| edge.to == to && edge.kind == kind);
        match known {
            Some(edge) => edge.labels.extend(label),
            None => edges.push(Edge {
                to: to.to_owned(),
                kind,
                labels: label.into_iter().collect(),
            }),
        }
    };
    add(fields.get("Next").and_then(Value::as_str), EdgeKind::Next, None);
    for rule in objects(fields, "Choices") {
        let label = text_of(rule, "Comment").unwrap_or_else(|| condition::words(rule));
        add(rule.get("Next").and_then(Value::as_str), EdgeKind::Choice, Some(label));
    }
    let default = fields.get("Default").and_then(Value::as_str);
    add(default, EdgeKind::Choice, Some("otherwise".to_owned()));
    for catcher in objects(fields, "Catch") {
        let next = catcher.get("Next").and_then(Value::as_str);
        add(next, EdgeKind::Catch, Some(errors(catcher)));
    }
    edges
}

/// The errors that a catcher takes.
fn errors(catcher: &Map<String, Value>) -> String {
    let names = catcher.get("ErrorEquals").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    if names == ["States.ALL"] {
        return "any error".to_owned();
    }
    names.join(", ")
}

/// The one thing beside its name that tells states of a type apart.
fn detail(kind: StateType, fields: &Map<String, Value>) -> Option<String> {
    match kind {
        StateType::Task => text_of(fields, "Resource").map(|resource| resource_in_short(&resource)),
        StateType::Fail => text_of(fields, "Error"),
        StateType::Wait => wait(fields),
        StateType::Map => {
            let mode = fields
                .get("ItemProcessor")?
                .get("ProcessorConfig")?
                .get("Mode")?
                .as_str()?;
            (mode == "DISTRIBUTED").then(|| "distributed".to_owned())
        }
        StateType::Parallel => {
            let branches = fields.get("Branches").and_then(Value::as_array)?.len();
            Some(format!("{branches} branch{}", if branches == 1 { "" } else { "es" }))
        }
        StateType::Pass | StateType::Choice | StateType::Succeed => None,
    }
}

/// `lambda:invoke` of an integration's ARN, the name of a function's or an activity's.
fn resource_in_short(resource: &str) -> String {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let [_, _, service, _, _, rest] = parts[..] else {
        return resource.to_owned();
    };
    let (rest, pattern) = match rest.split_once('.') {
        Some((action, "waitForTaskToken")) => (action, ", waits for a token"),
        Some((action, "sync" | "sync:2")) => (action, ", waits for its end"),
        _ => (rest, ""),
    };
    match (service, rest.split_once(':')) {
        ("lambda", Some(("function", name))) => name.to_owned(),
        ("states", Some(("activity", name))) => format!("activity {name}"),
        _ => format!("{rest}{pattern}"),
    }
}

fn wait(fields: &Map<String, Value>) -> Option<String> {
    let of = |name: &str| fields.get(name);
    if let Some(seconds) = of("Seconds") {
        return Some(match seconds {
            Value::Number(number) => format!("{number} s"),
            _ => "for a computed time".to_owned(),
        });
    }
    if let Some(until) = of("Timestamp").and_then(Value::as_str) {
        return Some(if until.starts_with("{%") {
            "until a computed time".to_owned()
        } else {
            format!("until {until}")
        });
    }
    let path = of("SecondsPath").or_else(|| of("TimestampPath"))?.as_str()?;
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

    use serde_json::json;

    use super::*;

    #[test]
    fn a_definition_that_cannot_be_drawn_is_refused_with_its_place() {
        fn check(text: &str, expected: &str) {
            let refused = Definition::parse(text).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
        check("{", "the definition is not JSON: EOF");
        check("[]", "/: a definition is a JSON object");
        check("{}", "/: it has no StartAt");
        check(r#"{"StartAt":"A"}"#, "/: it has no States");
        check(r#"{"StartAt":"A","States":{}}"#, "/: it has no States");
        check(
            r#"{"StartAt":"B","States":{"A":{"Type":"Succeed"}}}"#,
            "/: StartAt is \"B\", which is none of its States",
        );
        check(
            r#"{"StartAt":"A","States":{"A":{"Type":"Sleep"}}}"#,
            "/States/A: its Type is \"Sleep\", which is none of the eight",
        );
        check(
            r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}"#,
            "/States/A: it leads to \"B\", which is no state beside it",
        );
        check(r#"{"StartAt":"A","States":{"A":7}}"#, "/States/A: a state is an object");
        check(
            r#"{"StartAt":"A","States":{"A":{"Type":"Map"}}}"#,
            "/States/A: the Map has no ItemProcessor",
        );
        check(
            r#"{"StartAt":"A","States":{"A":{"Type":"Parallel","Branches":[{"StartAt":"B"}]}}}"#,
            "/States/A/Branches/0: it has no States",
        );
    }

    fn first(state: Value) -> State {
        let definition = json!({ "StartAt": "A", "States": {
            "A": state, "B": { "Type": "Succeed" }, "C": { "Type": "Fail", "Error": "E" } } });
        Definition::parse(&definition.to_string())
            .unwrap()
            .flow
            .states
            .remove(0)
    }

    #[test]
    fn ways_to_one_state_are_one_for_each_kind() {
        fn check(state: Value, expected: &[(&str, EdgeKind, &[&str])]) {
            let edges = first(state).edges;
            let told: Vec<_> = edges
                .iter()
                .map(|edge| {
                    let labels: Vec<&str> = edge.labels.iter().map(String::as_str).collect();
                    (edge.to.clone(), edge.kind, labels)
                })
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(to, kind, labels)| ((*to).to_owned(), *kind, labels.to_vec()))
                .collect();
            assert_eq!(told, expected);
        }
        check(json!({ "Type": "Pass", "Next": "B" }), &[("B", EdgeKind::Next, &[])]);
        check(json!({ "Type": "Pass", "End": true }), &[]);
        check(
            json!({ "Type": "Choice", "Default": "B", "Choices": [
                { "Condition": "{% $a = 1 %}", "Next": "B" },
                { "Comment": "too many", "Condition": true, "Next": "C" },
            ] }),
            &[
                ("B", EdgeKind::Choice, &["$a = 1", "otherwise"]),
                ("C", EdgeKind::Choice, &["too many"]),
            ],
        );
        check(
            json!({ "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "B", "Catch": [
                { "ErrorEquals": ["A.B", "States.Timeout"], "Next": "B" },
                { "ErrorEquals": ["States.ALL"], "Next": "C" },
            ] }),
            &[
                ("B", EdgeKind::Next, &[]),
                ("B", EdgeKind::Catch, &["A.B, States.Timeout"]),
                ("C", EdgeKind::Catch, &["any error"]),
            ],
        );
    }

    #[test]
    fn the_detail_tells_states_of_a_type_apart() {
        fn check(state: Value, expected: Option<&str>) {
            assert_eq!(first(state).detail.as_deref(), expected);
        }
        let task = |resource: &str| json!({ "Type": "Task", "Resource": resource, "End": true });
        check(task("arn:aws:lambda:eu-west-1:1:function:f"), Some("f"));
        check(task("arn:${Partition}:states:::lambda:invoke"), Some("lambda:invoke"));
        check(
            task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
            Some("sqs:sendMessage, waits for a token"),
        );
        check(
            task("arn:aws:states:::states:startExecution.sync:2"),
            Some("states:startExecution, waits for its end"),
        );
        check(
            task("arn:aws:states:::aws-sdk:dynamodb:putItem"),
            Some("aws-sdk:dynamodb:putItem"),
        );
        check(task("arn:aws:states:eu-west-1:1:activity:look"), Some("activity look"));
        check(task("${Whatever}"), Some("${Whatever}"));
        check(json!({ "Type": "Wait", "Seconds": 5, "End": true }), Some("5 s"));
        check(
            json!({ "Type": "Wait", "Seconds": "{% 1 + 1 %}", "End": true }),
            Some("for a computed time"),
        );
        check(
            json!({ "Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z", "End": true }),
            Some("until 2030-01-01T00:00:00Z"),
        );
        check(
            json!({ "Type": "Wait", "TimestampPath": "$.at", "End": true }),
            Some("$.at"),
        );
        check(json!({ "Type": "Pass", "End": true }), None);
        let inner = json!({ "StartAt": "I", "States": { "I": { "Type": "Succeed" } } });
        check(
            json!({ "Type": "Parallel", "Branches": [inner], "End": true }),
            Some("1 branch"),
        );
        let mut distributed = inner;
        distributed["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED" });
        check(
            json!({ "Type": "Map", "ItemProcessor": distributed, "End": true }),
            Some("distributed"),
        );
    }
}
