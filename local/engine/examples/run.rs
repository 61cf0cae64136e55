//! Runs a state machine on the pure engine: calls are answered with their own arguments, and time jumps from deadline to
//! deadline. Prints the history.
//!
//! `cargo run -p sluice-engine --example run -- DEFINITION.json [INPUT.json]` (without a file: a small machine of its own)

use std::collections::VecDeque;
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::StateMachine;
use sluice_engine::{Effect, Execution, Fact, Identity, LogEntry};

const SAMPLE: &str = r#"{
    "StartAt": "Pause",
    "States": {
        "Pause": { "Type": "Wait", "Seconds": 60, "Next": "Greet" },
        "Greet": { "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:greet",
            "ResultPath": "$.greeting", "Next": "Done" },
        "Done": { "Type": "Succeed" }
    }
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = std::env::args().skip(1);
    let definition = match files.next() {
        Some(file) => std::fs::read_to_string(file)?,
        None => SAMPLE.to_owned(),
    };
    let input: Value = match files.next() {
        Some(file) => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        None => json!({ "name": "you" }),
    };
    let identity = Identity {
        key: 1,
        arn: "arn:aws:states:us-east-1:123456789012:execution:example:run".into(),
        name: "run".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:example".into(),
        machine_name: "example".into(),
        role_arn: "arn:aws:iam::123456789012:role/example".into(),
        express: false,
    };
    let mut execution = Execution::new(Arc::new(StateMachine::parse(&definition)?), Arc::new(identity));
    let mut events = Vec::new();
    let mut facts = VecDeque::from([Fact::Started { input: Arc::new(input) }]);
    let mut now = 0;
    let mut number = 0;
    while let Some(fact) = facts.pop_front() {
        number += 1;
        let entry = LogEntry {
            at: now,
            // a journal takes it from the system's random source
            seed: [number, 0],
            fact,
        };
        for effect in execution.apply_recording(&entry, &mut events)?.effects {
            if let Effect::Run(task) = effect {
                facts.push_back(Fact::TaskSucceeded {
                    attempt: task.attempt,
                    output: task.arguments,
                });
            }
        }
        if facts.is_empty()
            && let Some(deadline) = execution.next_deadline()
        {
            now = now.max(deadline);
            facts.push_back(Fact::DeadlinePassed);
        }
    }
    let mut out = std::io::stdout().lock();
    for event in events {
        writeln!(out, "{}", event.to_json(true))?;
    }
    writeln!(out, "{}", execution.status().as_str())?;
    Ok(())
}
