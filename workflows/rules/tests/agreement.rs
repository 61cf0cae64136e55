//! The compiled rules say what the schemas say: held against a validator that reads the schemas themselves.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use sluice_workflows::Field;

static SCHEMAS: LazyLock<HashMap<Field, Validator>> = LazyLock::new(|| {
    let compiled = |field: Field| {
        let schema: Value = serde_json::from_str(field.schema()).unwrap();
        (field, jsonschema::draft202012::new(&schema).unwrap())
    };
    Field::ALL.into_iter().map(compiled).collect()
});

/// The rules that `value` breaks, by the compiled tables and by the schema.
fn both(field: Field, value: &Value) -> (Vec<String>, Vec<String>) {
    let mut by_schema: Vec<_> = SCHEMAS[&field]
        .iter_errors(value)
        .map(|error| error.kind().keyword().to_owned())
        .collect();
    let mut compiled: Vec<_> = sluice_rules::violations(field, Some(value))
        .into_iter()
        .map(|violation| violation.rule)
        .collect();
    by_schema.sort_unstable();
    compiled.sort_unstable();
    (compiled, by_schema)
}

fn check(value: &Value) {
    for field in Field::ALL {
        let (compiled, by_schema) = both(field, value);
        assert_eq!(compiled, by_schema, "{field}: {value:?}");
    }
}

#[test]
fn values_at_the_edges_of_the_rules_are_judged_alike() {
    for text in [
        "",
        " ",
        "\t\n\u{b}\u{c}\r",
        "\u{85}",
        "\u{a0}",
        "\u{feff}",
        "\u{200b}",
        "\u{3164}",
        "\u{2800}",
        "\u{ad}",
        "\0",
        "\u{1680}",
        "\u{180e}",
        "\u{2028}",
        "\u{202f}",
        "\u{3000}",
        "a",
        "李",
        "a@b.com",
        "a@b.com\n",
        "\na@b.com",
        "A1@2.com",
        "１@b.com",
        "a@ü.com",
        "305",
        "3055",
        "305501",
        "3055012",
        "٣٠٥٥",
        "3055\n",
    ] {
        check(&json!(text));
        check(&json!(text.repeat(60)));
    }
    for length in [253, 254, 255, 256, 257] {
        check(&json!("ä".repeat(length)));
        check(&json!(" ".repeat(length)));
        check(&json!(format!("{}@b.com", "a".repeat(length - 6))));
    }
    for other in [json!(1), json!(1.5), json!(true), json!([]), json!({}), json!(["3055"])] {
        check(&other);
    }
}

/// Every character alone: the automata take the same ones as the schema's pattern.
#[test]
fn each_character_is_judged_alike() {
    let schema = &SCHEMAS[&Field::UserName];
    // beyond the first plane no character is a space or hidden but the tags
    for character in ('\0'..='\u{ffff}').chain('\u{e0000}'..='\u{e01ff}') {
        let value = json!(character.to_string());
        let compiled = sluice_rules::violations(Field::UserName, Some(&value)).is_empty();
        assert_eq!(compiled, schema.is_valid(&value), "{character:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_alike(text in "\\PC{0,300}|[a-z0-9@.]{0,20}(com)?|[0-9\\s]{2,8}|[\\s\u{200b}\u{3164}]{0,5}") {
        check(&json!(text));
    }
}
