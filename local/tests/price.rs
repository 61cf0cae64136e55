//! Tests of the price of a submission on AWS, as the history shows it.

mod support;

use serde_json::{Value, json};
use support::{Sluice, good_submission};

/// The price of a Standard workflow is its transitions: one for each state entered and each retry. Three validators, a
/// decision, and a task that leaves the outcome: a refusal costs as much as what is stored.
#[test]
fn a_submission_costs_five_transitions_whichever_way_it_ends() {
    let sluice = Sluice::started();
    let refused = json!({ "user_name": "", "email": "no", "pincode": "x" });
    for (submission, status) in [(good_submission("price"), 201), (refused, 400)] {
        check(&sluice, &submission, status);
    }
}

fn check(sluice: &Sluice, submission: &Value, expected: u16) {
    let aws = sluice.aws();
    let (status, answer) = aws.put_json(&sluice.output("FunctionURLAPI"), submission);
    assert_eq!(status, expected, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let execution = sluice.execution_arn(answer["id"].as_str().expect("an id"));
    let request = json!({ "executionArn": execution });
    let history = aws
        .call("AWSStepFunctions.GetExecutionHistory", &request)
        .expect("a history");
    let kinds: Vec<&str> = history["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|e| e["type"].as_str())
        .collect();
    let entered = kinds.iter().filter(|kind| kind.ends_with("StateEntered")).count();
    let attempts = kinds.iter().filter(|kind| **kind == "TaskScheduled").count();
    assert_eq!((entered, attempts), (5, 4), "{kinds:?}");
}
