//! Any JSONPath, reference path or intrinsic call over any document.
#![no_main]

mod common;

use common::World;
use libfuzzer_sys::{Corpus, fuzz_target};
use sluice_asl::definition::{Expression, ExpressionKind, Path};
use sluice_asl::eval::{IntrinsicCall, JsonPathQuery, parse_timestamp};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    let (source, world) = World::of(text);
    let _ = parse_timestamp(source);
    let kind = if let Ok(query) = JsonPathQuery::parse(source) {
        let _ = (query.is_definite(), query.is_reference());
        let _ = Path::Query(JsonPathQuery::parse(source).expect("parsed before")).read(&world.scope());
        ExpressionKind::Path(Path::Query(query))
    } else if let Ok(call) = IntrinsicCall::parse(source) {
        let _ = call.paths();
        ExpressionKind::Intrinsic(call)
    } else {
        return Corpus::Keep;
    };
    let expression = Expression {
        field: "value.$".to_owned(),
        source: source.to_owned(),
        kind,
    };
    let value = expression.evaluate(&world.scope());
    if !source.contains("UUID") && !source.contains("MathRandom") {
        assert_eq!(
            value,
            expression.evaluate(&world.scope()),
            "the same scope, another value"
        );
    }
    Corpus::Keep
});
