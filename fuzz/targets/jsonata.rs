//! Any JSONata expression, with Step Functions' functions, over any document, under the driver's watchdog.
#![no_main]

mod common;
mod panics;

use std::sync::LazyLock;
use std::time::Duration;

use common::World;
use libfuzzer_sys::{Corpus, fuzz_target};
use sluice_asl::definition::{Expression, ExpressionKind};
use sluice_asl::eval::{JsonataProgram, StopSignal};
use sluice_driver::Watchdog;

static WATCHDOG: LazyLock<Watchdog> = LazyLock::new(|| Watchdog::start().expect("a thread"));

fuzz_target!(init: panics::keep_quiet(), |data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    panics::tell(|| evaluate(text));
    Corpus::Keep
});

fn evaluate(text: &str) {
    let (source, world) = World::of(text);
    let Ok(program) = JsonataProgram::parse(source) else {
        return;
    };
    let _ = program.variables();
    let expression = Expression {
        field: "Output".to_owned(),
        source: source.to_owned(),
        kind: ExpressionKind::Jsonata(program),
    };
    let watch = WATCHDOG.watch(Duration::from_secs(1), StopSignal::new());
    let mut scope = world.scope();
    scope.stop = Some(watch.stop());
    let value = expression.evaluate(&scope);
    if watch.end().breakdown.is_none()
        && let Ok(value) = value
    {
        let text = value.to_string();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok() || sluice_asl::nests_deeper(&value, 100));
    }
}
