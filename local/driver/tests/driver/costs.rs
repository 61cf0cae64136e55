//! Tests that expressions held to be cheap are cheap.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sluice_asl::Variables;
use sluice_asl::definition::{Expression, ExpressionKind};
use sluice_asl::eval::{Entropy, JsonataProgram, Scope, StopSignal};
use sluice_driver::Watchdog;

use crate::expressions::{CheapOnly, Choices, expression};

/// A stream of bytes that is the same each time.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(300).collect()
}

#[test]
fn what_is_held_to_be_cheap_ends_soon_whatever_it_is_made_of() {
    let items: Vec<Value> = (0..200)
        .map(|n| json!({"n": n, "name": format!("item \"{n}\""), "tags": [n % 7, {"a": {"b": "\\\"\u{1}"}}]}))
        .collect();
    let input = json!({"items": items, "text": "some, text", "deep": {"a": {"a": {"a": [[[1]]]}}}});
    let variables: Variables = [
        ("v".into(), Arc::new(json!({"w": items}))),
        ("list".into(), Arc::new(json!(vec![3; 500]))),
    ]
    .into_iter()
    .collect();
    let context = json!({"Execution": {"Input": input}});
    let watchdog = Watchdog::start().expect("a thread");
    let mut cheap = 0;
    for seed in 0..3_000 {
        let bytes = bytes(seed);
        let source = expression(&mut Choices(&bytes), 1 + (seed % 4) as u8, false);
        let Ok(program) = JsonataProgram::parse(&source) else {
            continue;
        };
        cheap += u32::from(program.is_linear());
        let asked = Expression {
            field: "Output".to_owned(),
            source: source.clone(),
            kind: ExpressionKind::Jsonata(program),
        };
        let watch = watchdog.watch(Duration::from_secs(2), StopSignal::new());
        let entropy = Entropy::new([1, 2]);
        let scope = Scope {
            stop: Some(watch.stop()),
            delegate: Some(&CheapOnly),
            ..Scope::of(&input, &context, &variables, &entropy)
        };
        // that it ends is all that is asked
        let _ = asked.evaluate(&scope);
        let seen = watch.end();
        assert!(seen.breakdown.is_none(), "{seen:?}: {source}");
    }
    assert!(cheap > 300, "{cheap} of them are linear");
}
