//! Checks a state machine's definition, as ValidateStateMachineDefinition does: findings, or a summary of its states.
//!
//! `cargo run -p sluice-asl --example validate -- DEFINITION.json` (without a file: a definition with two mistakes)

use std::error::Error;
use std::io::Write as _;

use sluice_asl::{Flow, Occasion, ParseOptions, Severity, StateMachine};

const SAMPLE: &str = r#"{
    "StartAt": "Greet",
    "States": {
        "Greet": { "Type": "Pass", "Parameters": { "text": "$.name" }, "Next": "Nowhere" },
        "Done": { "Type": "Succeed" }
    }
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let text = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file)?,
        None => SAMPLE.to_owned(),
    };
    let mut out = std::io::stdout().lock();
    let options = ParseOptions {
        occasion: Occasion::New,
        ..ParseOptions::default()
    };
    let findings = StateMachine::validate(&text, options);
    for finding in &findings {
        writeln!(out, "{}: {finding}", finding.severity.as_str())?;
    }
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        writeln!(out, "The definition is refused.")?;
        return Ok(());
    }
    let machine = StateMachine::parse(&text)?;
    list(&machine.flow, 0, &mut out)?;
    for (state, variables) in machine.variable_references() {
        writeln!(out, "{state} reads {variables:?}")?;
    }
    Ok(())
}

/// Writes the states of a flow, and those within them.
fn list(flow: &Flow, depth: usize, out: &mut impl std::io::Write) -> std::io::Result<()> {
    for (name, state) in &flow.states {
        let first = if *name == flow.start_at { " (first)" } else { "" };
        writeln!(out, "{:indent$}{name}{first}", "", indent = depth * 2)?;
        for inner in state.flows() {
            list(inner, depth + 1, out)?;
        }
    }
    Ok(())
}
