//! The transitions that the engine decides in a second, without a disk: a machine of ten Pass and Choice states in a loop.
//!
//! `cargo bench -p sluice-engine --bench transitions`

#![allow(clippy::disallowed_methods)] // a benchmark measures with the real clock

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};
use sluice_asl::StateMachine;
use sluice_engine::{Execution, Fact, Identity, LogEntry, history};

const EXECUTIONS: u32 = 200;

/// Ten states, Pass and Choice in turn, that go round until the history is nearly full.
fn definition() -> Value {
    let mut states = Map::new();
    for i in 0..5 {
        let next = format!("Pass{}", (i + 1) % 5);
        states.insert(
            format!("Pass{i}"),
            json!({ "Type": "Pass", "Parameters": { "n.$": "$.n", "name": "a name" }, "Next": format!("Choice{i}") }),
        );
        states.insert(
            format!("Choice{i}"),
            json!({ "Type": "Choice", "Choices": [{ "Variable": "$.n", "NumericGreaterThan": 10, "Next": "End" }], "Default": next }),
        );
    }
    states.insert("End".to_owned(), json!({ "Type": "Succeed" }));
    json!({ "StartAt": "Pass0", "States": states })
}

fn main() -> Result<(), Box<dyn Error>> {
    let machine = StateMachine::parse(&definition().to_string()).map_err(|error| format!("{error:?}"))?;
    let machine = Arc::new(machine);
    let identity = Arc::new(Identity {
        key: 1,
        arn: "arn:aws:states:us-east-1:000000000000:execution:bench:run".into(),
        name: "run".into(),
        machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:bench".into(),
        machine_name: "bench".into(),
        role_arn: "arn:aws:iam::000000000000:role/bench".into(),
        express: false,
    });
    let entry = LogEntry {
        at: 0,
        seed: [1, 2],
        fact: Fact::Started {
            input: Arc::new(json!({ "n": 1 })),
        },
    };

    let started = Instant::now();
    let mut events = 0;
    for _ in 0..EXECUTIONS {
        let mut execution = Execution::new(machine.clone(), identity.clone());
        execution.apply(&entry)?;
        events += execution.event_count();
    }
    let deciding = started.elapsed();

    let started = Instant::now();
    for _ in 0..EXECUTIONS {
        history(machine.clone(), identity.clone(), [&entry])?;
    }
    let recording = started.elapsed();

    // a state is two events: entered and exited
    let transitions = events as f64 / 2.0;
    let mut out = std::io::stdout().lock();
    for (what, took) in [("decide", deciding), ("decide and keep the events", recording)] {
        writeln!(
            out,
            "{what:28} {:9.0} transitions a second, {:6.2} µs each",
            transitions / took.as_secs_f64(),
            took.as_secs_f64() * 1e6 / transitions
        )?;
    }
    Ok(())
}
