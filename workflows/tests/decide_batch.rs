//! The state machine of decisions about many: it loops until its function is done, and is as patient as the other one.

use serde_json::Value;
use sluice_workflows::{DECIDE_BATCH_DEFINITION, DEFINITION, TaskError};

const TEMPLATE: &str = include_str!("../../cfn/workflow.yaml");

fn states(definition: &str) -> Value {
    let definition: Value = serde_json::from_str(definition).expect("the definition is JSON before its substitutions");
    definition["States"].clone()
}

#[test]
fn it_calls_the_function_until_all_is_decided() {
    let states = states(DECIDE_BATCH_DEFINITION);
    assert_eq!(states["DecideSlice"]["Next"], "MoreToDecide");
    let choice = &states["MoreToDecide"];
    assert_eq!(choice["Choices"][0]["Condition"], "{% $states.input.done %}");
    assert_eq!(
        (&choice["Choices"][0]["Next"], &choice["Default"]),
        (&"Decided".into(), &"DecideSlice".into())
    );
    assert_eq!(states["Decided"]["Type"], "Succeed");
    // the same for every attempt, and the same batch after a redrive
    let payload = &states["DecideSlice"]["Arguments"]["Payload"];
    assert_eq!(payload["batch"], "{% $states.context.Execution.Input.batch %}");
    assert_eq!(payload["at"], "{% $states.context.State.EnteredTime %}");
}

#[test]
fn it_retries_what_the_other_workflow_retries() {
    let batch = states(DECIDE_BATCH_DEFINITION)["DecideSlice"]["Retry"].clone();
    let store = states(DEFINITION)["Store"]["Retry"].clone();
    for at in 0..4 {
        assert_eq!(batch[at], store[at]);
    }
    let own = batch[4]["ErrorEquals"].as_array().expect("names");
    for name in own {
        assert!(TaskError::ALL.iter().any(|error| name == error.as_str()), "{name}");
    }
    assert_eq!(batch[4]["MaxAttempts"], store[4]["MaxAttempts"]);
}

#[test]
fn the_template_supplies_what_is_open() {
    for part in DECIDE_BATCH_DEFINITION.split("${").skip(1) {
        let (name, _) = part.split_once('}').expect("a substitution ends");
        assert!(TEMPLATE.contains(&format!("        {name}: ")), "{name}");
    }
    assert!(TEMPLATE.contains("DefinitionS3Location: ../workflows/decide-batch.asl.json"));
}
