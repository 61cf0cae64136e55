//! One case: the execution with the results of its recording.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::StateMachine;
use sluice_engine::{AttemptId, Effect, Execution, Fact, Identity, LogEntry, Outcome, Timestamp};

use crate::matching::{Bindings, Piece, difference, pieces, wrapper};

const START: Timestamp = 1_700_000_000_123;

/// The deed of a recorded task.
enum RecordedResult {
    Succeeds(Value),
    Fails {
        error: Option<String>,
        cause: Option<String>,
    },
    /// Gave more than AWS takes.
    Overflows,
    Hangs,
}

/// Tells whether the recording holds the results of the case's functions.
pub(crate) fn can_replay(case: &Value) -> bool {
    case["expect"]["events"].is_array() || case["lambdas"].as_array().is_none_or(Vec::is_empty)
}

/// The first difference between the recording and the replay.
pub(crate) fn run(case: &Value) -> Result<(), String> {
    let definition = fill(&case["definition"].to_string());
    let machine = StateMachine::parse(&definition).map_err(|error| format!("definition: {error:?}"))?;
    let input = fill(case["input"].as_str().unwrap_or("{}"));
    let input: Value = serde_json::from_str(&input).map_err(|error| format!("input: {error}"))?;
    let express = case["type"] == "EXPRESS";
    let kind = if express {
        "express:machine:run:1"
    } else {
        "execution:machine:run"
    };
    let identity = Identity {
        key: 1,
        arn: format!("arn:aws:states:us-east-1:000000000000:{kind}").into(),
        name: "run".into(),
        machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:machine".into(),
        machine_name: "machine".into(),
        role_arn: "arn:aws:iam::000000000000:role/sluice".into(),
        express,
    };
    let mut execution = Execution::new(Arc::new(machine), Arc::new(identity));
    let mut events = Vec::new();
    let recorded = case["expect"]["events"].as_array();
    let mut results: VecDeque<RecordedResult> = recorded.into_iter().flatten().filter_map(recorded_result).collect();
    let mut facts = VecDeque::from([(START, Fact::Started { input: Arc::new(input) })]);
    let mut seed = 0;
    while let Some((at, fact)) = facts.pop_front() {
        seed += 1;
        let entry = LogEntry {
            at,
            seed: [seed, 7],
            fact,
        };
        let turn = execution
            .apply_recording(&entry, &mut events)
            .map_err(|error| error.to_string())?;
        for effect in turn.effects {
            if let Effect::Run(task) = effect
                && let Some(fact) = fact_of(task.attempt, results.pop_front())
            {
                facts.push_back((at + 5, fact));
            }
        }
        if facts.is_empty()
            && let Some(next) = execution.next_deadline()
        {
            facts.push_back((next.max(at), Fact::DeadlinePassed));
        }
    }
    let mut bindings = Bindings::new();
    outcome_difference(&case["expect"], &execution)?;
    let Some(recorded) = recorded else { return Ok(()) };
    for (expected, event) in recorded.iter().zip(&events) {
        let path = format!("event {} {}", event.id, expected["type"].as_str().unwrap_or_default());
        difference(expected, &event.to_json(true), &mut bindings, &path)?;
    }
    if recorded.len() == events.len() {
        return Ok(());
    }
    let ours: Vec<String> = events.iter().map(|event| event.kind.type_name()).collect();
    Err(format!(
        "expected {} events, got {}: {}",
        recorded.len(),
        events.len(),
        ours.join(" ")
    ))
}

fn outcome_difference(expected: &Value, execution: &Execution) -> Result<(), String> {
    let mut bindings = Bindings::new();
    let mut actual = json!({ "status": execution.status().as_str() });
    match execution.outcome() {
        Some(Outcome::Succeeded { output }) => actual["output"] = Value::String(output.to_string()),
        Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
            for (key, value) in [("error", error), ("cause", cause)] {
                if let Some(value) = value {
                    actual[key] = Value::String(value.clone());
                }
            }
        }
        Some(Outcome::TimedOut) | None => {}
    }
    for key in ["status", "output", "error", "cause"] {
        match (expected.get(key), actual.get(key)) {
            (Some(e), Some(a)) => difference(e, a, &mut bindings, key)?,
            (Some(e), None) => return Err(format!("{key}: missing, expected {e}; got {actual}")),
            (None, Some(a)) if key != "output" => return Err(format!("{key}: not expected, got {a}")),
            _ => {}
        }
    }
    Ok(())
}

fn fact_of(attempt: AttemptId, recorded_result: Option<RecordedResult>) -> Option<Fact> {
    Some(match recorded_result? {
        RecordedResult::Succeeds(output) => Fact::TaskSucceeded {
            attempt,
            output: Arc::new(output),
        },
        RecordedResult::Fails { error, cause } => Fact::TaskFailed { attempt, error, cause },
        RecordedResult::Overflows => Fact::TaskSucceeded {
            attempt,
            output: Arc::new(json!("x".repeat(262_144))),
        },
        RecordedResult::Hangs => return None,
    })
}

/// The result that a recorded event tells of.
fn recorded_result(event: &Value) -> Option<RecordedResult> {
    let details = |key: &str| event.get(key).cloned().unwrap_or_default();
    let text = |value: &Value| (!value.is_null()).then(|| text_of(value));
    let details = match event["type"].as_str()? {
        "LambdaFunctionSucceeded" => details("lambdaFunctionSucceededEventDetails"),
        "TaskSucceeded" => details("taskSucceededEventDetails"),
        "LambdaFunctionFailed" => details("lambdaFunctionFailedEventDetails"),
        "TaskFailed" => details("taskFailedEventDetails"),
        "LambdaFunctionTimedOut" | "TaskTimedOut" => return Some(RecordedResult::Hangs),
        _ => return None,
    };
    if let Some(output) = details.get("output") {
        return Some(RecordedResult::Succeeds(
            serde_json::from_str(&text_of(output)).unwrap_or_default(),
        ));
    }
    if details["error"] == "States.DataLimitExceeded" {
        return Some(RecordedResult::Overflows);
    }
    Some(RecordedResult::Fails {
        error: text(&details["error"]),
        cause: text(&details["cause"]),
    })
}

/// A text that the wrapper would match.
fn text_of(value: &Value) -> String {
    match wrapper(value) {
        Some(("$json", inner)) => concrete(inner).to_string(),
        _ => concrete(value).as_str().unwrap_or_default().to_owned(),
    }
}

fn concrete(value: &Value) -> Value {
    match (wrapper(value), value) {
        (Some(("$json", _)), _) => Value::String(text_of(value)),
        (Some(("$match", template)), _) => {
            let text = pieces(template.as_str().unwrap_or_default())
                .iter()
                .map(placeholder_value)
                .collect();
            Value::String(text)
        }
        (Some(_), _) => Value::String("any".to_owned()),
        (None, Value::Object(members)) => members.iter().map(|(k, v)| (k.clone(), concrete(v))).collect(),
        (None, Value::Array(elements)) => elements.iter().map(concrete).collect(),
        (None, other) => other.clone(),
    }
}

fn placeholder_value(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Text(text) => (*text).to_owned(),
        Piece::Named("partition") => "aws".to_owned(),
        Piece::Named("region") => "us-east-1".to_owned(),
        Piece::Named("account") => "000000000000".to_owned(),
        Piece::Named(name) if name.starts_with("lambda") => "fn1".to_owned(),
        Piece::Named(name) => name.replace(':', "-"),
        Piece::Free => "free".to_owned(),
    }
}

/// A definition or input with its `${…}` filled in.
fn fill(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(open) = rest.find("${") {
        let Some(close) = rest[open..].find('}').map(|close| open + close) else {
            break;
        };
        filled.push_str(&rest[..open]);
        filled.push_str(&variable(&rest[open + 2..close]));
        rest = &rest[close + 1..];
    }
    filled + rest
}

fn variable(name: &str) -> String {
    if let Some(days) = name.strip_prefix("now+").and_then(|days| days.strip_suffix('d')) {
        let at = START + days.parse::<i64>().unwrap_or_default() * 86_400_000;
        let at = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
        return at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
    }
    match name {
        "region" => "us-east-1".to_owned(),
        "account" => "000000000000".to_owned(),
        "role_arn" => "arn:aws:iam::000000000000:role/sluice".to_owned(),
        _ => match name.strip_prefix("lambda").and_then(|name| name.split_once('.')) {
            Some((number, "arn")) => format!("arn:aws:lambda:us-east-1:000000000000:function:fn{number}"),
            Some((number, _)) => format!("fn{number}"),
            None => name.to_owned(),
        },
    }
}
