//! Calls that this machine does not have, with their results from a file of mocks. Copy it.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sluice_harness::{HarnessError, Sluice};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn charging() -> Sluice {
    let started = Sluice::builder()
        .template(file("charging.yaml"))
        .mocks(file("mocks.json"))
        .start();
    started.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_test_case_gives_the_results_of_a_whole_execution() -> Result<(), HarnessError> {
    let sluice = charging();
    let paid = sluice.run("Charging#Paid", json!({}))?;
    assert_eq!(paid.output, Some(json!({ "charge": "ch_1", "archived": "\"e\"" })));
    let refused = sluice.run("Charging#Refused", json!({}))?;
    assert_eq!(refused.output, Some(json!({ "unpaid": "States.Http.StatusCode.402" })));
    Ok(())
}

#[test]
fn each_retry_is_a_call_with_a_result_of_its_own() -> Result<(), HarnessError> {
    let sluice = charging();
    let execution = sluice.start_execution("Charging#PaidAtLast", json!({}))?;
    // one second, then two
    for _ in 0..2 {
        sluice.advance(Duration::from_secs(2))?;
    }
    let ended = sluice.wait(&execution)?;
    assert_eq!(ended.output, Some(json!({ "charge": "ch_2", "archived": "\"e\"" })));
    let history = sluice.history(&execution)?;
    let failed = history.iter().filter(|event| event["type"] == "TaskFailed");
    let causes: Vec<&Value> = failed.map(|event| &event["taskFailedEventDetails"]["cause"]).collect();
    assert_eq!(causes, ["busy", "busy"]);
    Ok(())
}

#[test]
fn without_a_test_case_the_calls_are_made() -> Result<(), HarnessError> {
    let sluice = charging();
    let ended = sluice.run("Charging", json!({}))?;
    assert_eq!(ended.output, Some(json!({ "unpaid": "States.TaskFailed" })));
    let refused = sluice
        .start_execution("Charging#Free", json!({}))
        .map_err(|error| error.to_string());
    let refused = refused.expect_err("there is no such case");
    assert!(refused.contains("it has: Paid, PaidAtLast, Refused"), "{refused}");
    Ok(())
}

#[test]
fn a_file_that_cannot_be_used_ends_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let broken = directory.path().join("mocks.json");
    std::fs::write(
        &broken,
        r#"{ "StateMachines": {}, "MockedResponses": { "R": { "1": { "Return": 1 } } } }"#,
    )
    .expect("is written");
    let problem = match Sluice::builder().mocks(&broken).start() {
        Ok(_) => panic!("it was taken"),
        Err(error) => error.to_string(),
    };
    assert!(
        problem.contains("mocks.json") && problem.contains("MockedResponses.R: it has no result for call 0"),
        "{problem}"
    );
}

#[test]
fn the_documentation_shows_this_file() {
    let documentation = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/integrations.md");
    let documentation = std::fs::read_to_string(documentation).expect("the page");
    let shown = std::fs::read_to_string(file("mocks.json")).expect("the file");
    assert!(
        documentation.contains(&shown),
        "local/docs/integrations.md shows harness/tests/mocks.json as it is"
    );
}
