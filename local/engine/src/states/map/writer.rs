//! `ResultWriter` without a `Resource`: the form of a distributed Map's own output.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>

use std::collections::BTreeMap;

use serde_json::{Map as Object, Value, json};
use sluice_asl::definition::Map;

use crate::Outcome;
use crate::decision::iso;
use crate::execution_state::ChildEnd;

/// `WriterConfig.Transformation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transformation {
    /// The children's outputs with what is known of the children.
    Unchanged,
    /// The children's outputs.
    Compact,
    /// The same, and the elements of those that are arrays.
    Flatten,
}

impl Transformation {
    /// The transformation that the state names; none: the one with which AWS exports results by default.
    pub(super) fn of(map: &Map) -> Self {
        let config = map.result_writer.as_ref().and_then(|writer| writer.get("WriterConfig"));
        match config
            .and_then(|config| config.get("Transformation"))
            .and_then(Value::as_str)
        {
            Some("COMPACT") => Self::Compact,
            Some("FLATTEN") => Self::Flatten,
            _ => Self::Unchanged,
        }
    }
}

/// The results of all children in the order of their items; those that failed are unchanged.
pub(super) fn written(ends: &BTreeMap<usize, ChildEnd>, transformation: Transformation) -> Value {
    let mut results = Vec::with_capacity(ends.len());
    for end in ends.values() {
        match (&end.outcome, transformation) {
            (Outcome::Succeeded { output }, Transformation::Compact) => results.push((**output).clone()),
            (Outcome::Succeeded { output }, Transformation::Flatten) => match &**output {
                Value::Array(elements) => results.extend(elements.iter().cloned()),
                other => results.push(other.clone()),
            },
            _ => results.push(exported(end)),
        }
    }
    Value::Array(results)
}

/// A child execution as an exported result shows it.
fn exported(end: &ChildEnd) -> Value {
    let child = &end.child;
    let status = end.outcome.status().as_str();
    let mut members = Object::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("ExecutionArn", json!(child.arn));
    put("Input", json!(child.input.to_string()));
    put("InputDetails", json!({ "Included": true }));
    put("Name", json!(child.name));
    match &end.outcome {
        Outcome::Succeeded { output } => {
            put("Output", json!(output.to_string()));
            put("OutputDetails", json!({ "Included": true }));
        }
        Outcome::Failed { error, cause } | Outcome::Aborted { error, cause } => {
            for (name, text) in [("Cause", cause), ("Error", error)] {
                if let Some(text) = text {
                    put(name, json!(text));
                }
            }
        }
        Outcome::TimedOut => {}
    }
    put("RedriveCount", json!(child.redrives));
    if let Outcome::Succeeded { .. } = end.outcome {
        put("RedriveStatus", json!("NOT_REDRIVABLE"));
        put(
            "RedriveStatusReason",
            json!(format!("Execution is {status} and cannot be redriven")),
        );
    } else {
        put("RedriveStatus", json!("REDRIVABLE_BY_MAP_RUN"));
    }
    put("StartDate", json!(iso(child.started_at)));
    put("StateMachineArn", json!(machine_arn(&child.arn)));
    put("Status", json!(status));
    if let Some((_, at)) = child.ended {
        put("StopDate", json!(iso(at)));
    }
    Value::Object(members)
}

/// `…:stateMachine:MACHINE/LABEL` of `…:execution:MACHINE/LABEL:NAME`.
fn machine_arn(arn: &str) -> String {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.split_at_checked(5) {
        Some((scope, [_, machine, ..])) => format!("{}:stateMachine:{machine}", scope.join(":")),
        _ => String::new(),
    }
}
