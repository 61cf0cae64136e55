//! Evaluates JSONata expressions, one a line: `{"expression": "$states.input.a", "input": {"a": 1}}` gives `{"value": 1}`, or
//! `{"error": "T0410: …"}` without AWS's frame. `.ci/jsonata` holds it against jsonata-js.
//!
//! `echo '{"expression": "1 + 1"}' | cargo run -p sluice-asl --example expressions`

use std::error::Error;
use std::io::{BufRead as _, BufWriter, Write as _};

use serde_json::{Value, json};
use sluice_asl::definition::{Expression, ExpressionKind};
use sluice_asl::eval::{Entropy, JsonataProgram, StopSignal};
use sluice_asl::{Scope, Variables};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let source = request["expression"].as_str().ok_or("a line without an expression")?;
        writeln!(out, "{}", answer(source, &request["input"]))?;
    }
    out.flush()?;
    Ok(())
}

fn answer(source: &str, input: &Value) -> Value {
    let program = match JsonataProgram::parse(source) {
        Ok(program) => program,
        Err(error) => return json!({ "syntax": error.to_string() }),
    };
    let expression = Expression {
        field: "Output".to_owned(),
        source: source.to_owned(),
        kind: ExpressionKind::Jsonata(program),
    };
    let scope = Scope {
        input,
        context: &Value::Null,
        variables: &Variables::new(),
        result: None,
        error_output: None,
        now: 1_700_000_000_000,
        entropy: &Entropy::new([1, 2]),
        stop: None::<&StopSignal>,
        delegate: None,
    };
    match expression.evaluate(&scope) {
        Ok(value) => json!({ "value": value }),
        Err(error) => {
            let frame = format!("The JSONata expression '{source}' specified for the field 'Output' ");
            let tail = error.cause.strip_prefix(&frame).unwrap_or(&error.cause);
            let tail = tail.strip_prefix("threw an error during evaluation").unwrap_or(tail);
            json!({ "error": tail.trim_start_matches(['.', ':', ' ']) })
        }
    }
}
