//! The items of a Map, and their place in the context object.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod common;

use common::Run;
use serde_json::{Value, json};

/// The output of a Map whose iterations give their input back.
fn mapped(language: &str, mode: &str, more: &Value, input: Value) -> Run {
    let mut config = json!({ "Mode": mode });
    if mode == "DISTRIBUTED" {
        config["ExecutionType"] = json!("STANDARD");
    }
    let mut state = json!({
        "Type": "Map", "End": true,
        "ItemProcessor": { "ProcessorConfig": config, "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } },
    });
    for (key, value) in more.as_object().unwrap() {
        state[key] = value.clone();
    }
    Run::started(
        &json!({ "QueryLanguage": language, "StartAt": "M", "States": { "M": state } }),
        input,
    )
}

#[test]
fn an_item_names_its_source() {
    let selector = json!({ "ItemSelector": { "i.$": "$$.Map.Item.Index", "s.$": "$$.Map.Item.Source" } });
    for mode in ["INLINE", "DISTRIBUTED"] {
        let run = mapped("JSONPath", mode, &selector, json!(["a"]));
        assert_eq!(run.output(), json!([{ "i": 0, "s": "STATE_DATA" }]), "{mode}");
    }
    let selector = json!({ "ItemSelector": { "s": "{% $states.context.Map.Item.Source %}" } });
    let run = mapped("JSONata", "INLINE", &selector, json!(["a"]));
    assert_eq!(run.output(), json!([{ "s": "STATE_DATA" }]));
}

#[test]
fn a_distributed_map_takes_the_members_of_an_object() {
    let input = json!({ "a": 1, "b": [2] });
    let run = mapped("JSONPath", "DISTRIBUTED", &json!({}), input.clone());
    assert_eq!(
        run.output(),
        json!([{ "Key": "a", "Value": 1 }, { "Key": "b", "Value": [2] }])
    );

    let selector = json!({ "ItemSelector": { "k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value" } });
    let run = mapped("JSONPath", "DISTRIBUTED", &selector, input.clone());
    assert_eq!(run.output(), json!([{ "k": "a", "v": 1 }, { "k": "b", "v": [2] }]));

    let items = json!({ "Items": "{% $states.input %}",
        "ItemSelector": { "k": "{% $states.context.Map.Item.Key %}", "v": "{% $states.context.Map.Item.Value %}" } });
    let run = mapped("JSONata", "DISTRIBUTED", &items, input.clone());
    assert_eq!(run.output(), json!([{ "k": "a", "v": 1 }, { "k": "b", "v": [2] }]));

    let (_, cause) = mapped("JSONPath", "INLINE", &json!({ "ItemsPath": "$" }), input).error();
    assert!(cause.contains("must point to array"), "{cause}");
}
