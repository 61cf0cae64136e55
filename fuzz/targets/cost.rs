//! Checks that evaluations which the classifier calls cheap end soon: any bytes choose an expression over values that share
//! parts, with recursion through arguments and functions of a higher order within each other.
#![no_main]

mod common;
#[path = "../../local/driver/tests/driver/expressions.rs"]
mod expressions;
mod panics;

use std::sync::LazyLock;
use std::time::Duration;

use common::World;
use expressions::{CheapOnly, Choices, expression};
use libfuzzer_sys::{Corpus, fuzz_target};
use sluice_asl::definition::{Expression, ExpressionKind};
use sluice_asl::eval::{JsonataProgram, StopSignal};
use sluice_driver::Watchdog;

static WATCHDOG: LazyLock<Watchdog> = LazyLock::new(|| Watchdog::start().expect("a thread"));

fuzz_target!(init: panics::keep_quiet(), |data: &[u8]| -> Corpus {
    let source = expression(&mut Choices(data), 4, false);
    panics::tell(|| evaluate(&source));
    Corpus::Keep
});

fn evaluate(source: &str) {
    let Ok(program) = JsonataProgram::parse(source) else {
        return;
    };
    let expression = Expression {
        field: "Output".to_owned(),
        source: source.to_owned(),
        kind: ExpressionKind::Jsonata(program),
    };
    let (_, world) = World::of("");
    let watch = WATCHDOG.watch(Duration::from_secs(1), StopSignal::new());
    let mut scope = world.scope();
    scope.stop = Some(watch.stop());
    scope.delegate = Some(&CheapOnly);
    let _ = expression.evaluate(&scope);
    let seen = watch.end();
    assert!(seen.breakdown.is_none(), "{seen:?}: {source}");
}
