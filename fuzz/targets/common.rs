//! A scope whose data the fuzzer chooses.
#![allow(dead_code)] // each target uses its part

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::Variables;
use sluice_asl::eval::{Entropy, Scope};

pub struct World {
    input: Value,
    context: Value,
    result: Value,
    variables: Variables,
    entropy: Entropy,
}

impl World {
    /// The first line of `data` is what is evaluated; the rest is the data, if it is JSON.
    pub fn of(data: &str) -> (&str, Self) {
        let (source, document) = data.split_once('\n').unwrap_or((data, ""));
        let input = serde_json::from_str(document).unwrap_or_else(|_| sample());
        let world = Self {
            context: json!({ "Execution": { "Id": "arn:e", "Input": { "k": [1, 2] } }, "State": { "Name": "S" } }),
            result: json!({ "Payload": input, "Status": 200 }),
            variables: [
                ("v".into(), Arc::new(json!({ "w": [4, 5] }))),
                ("list".into(), Arc::new(json!([3, 1, 2]))),
            ]
            .into_iter()
            .collect(),
            entropy: Entropy::new([1, 2]),
            input,
        };
        (source, world)
    }

    pub fn scope(&self) -> Scope<'_> {
        Scope {
            input: &self.input,
            context: &self.context,
            variables: &self.variables,
            result: Some(&self.result),
            error_output: None,
            now: 1_700_000_000_000,
            entropy: &self.entropy,
            stop: None,
            delegate: None,
        }
    }

    pub fn input(&self) -> &Value {
        &self.input
    }
}

fn sample() -> Value {
    json!({
        "a": { "b": [1, 2, 3], "c": { "d": "text", "e": [] } }, "s": "some text", "n": 1.5, "nil": null, "t": true,
        "items": [{ "n": 1, "name": "x" }, { "n": 2, "name": "y" }, { "m": [[1], [2, [3]]] }], "x y": "z",
        "json": "{\"k\": [1, {}]}", "time": "2024-01-02T03:04:05Z",
    })
}
