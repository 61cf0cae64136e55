//! A workflow of one's own is tested as a whole: its template, its waits, its mails, its failures. Copy it.
#![allow(missing_docs)]

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sluice_harness::{HarnessError, Sluice};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A stack a test: tests run side by side, and know nothing of each other.
fn greeting() -> Sluice {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/greeting.yaml");
    let started = Sluice::builder()
        .template(template)
        .parameter("Greeter", "Grace")
        .start();
    started.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_day_later_somebody_is_greeted() -> Result<(), HarnessError> {
    let sluice = greeting();
    let execution = sluice.start_execution("Greeting", json!({ "name": "Ada" }))?;
    assert_eq!(sluice.execution(&execution)?.status, "RUNNING");
    sluice.advance(DAY)?;
    let ended = sluice.wait(&execution)?;
    assert_eq!(
        (ended.status, ended.output),
        ("SUCCEEDED", Some(json!({ "greeted": "Ada" })))
    );
    let mails = sluice.mails()?;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("someone@example.com", "A greeting")
    );
    assert!(mails[0].text.starts_with("Hello, Ada, from Grace"), "{}", mails[0].text);
    Ok(())
}

#[test]
fn nobody_is_a_failure() -> Result<(), HarnessError> {
    let sluice = greeting();
    let ended = sluice.run("Greeting", json!({}))?;
    assert_eq!((ended.status, ended.error.as_deref()), ("FAILED", Some("Nobody")));
    let types: Vec<String> = sluice
        .history(&ended.arn)?
        .iter()
        .map(|event| event["type"].to_string())
        .collect();
    assert_eq!(types.last().map(String::as_str), Some("\"ExecutionFailed\""));
    assert!(sluice.mails()?.is_empty());
    Ok(())
}

#[test]
fn it_may_be_used_by_an_asynchronous_test() -> Result<(), HarnessError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let sluice = greeting();
        assert!(
            sluice
                .output("Topic")
                .is_some_and(|arn| arn.starts_with("arn:aws:sns:"))
        );
        assert_eq!(sluice.run("Greeting", json!({}))?.status, "FAILED");
        Ok(())
    })
}

#[test]
fn mistakes_are_said_with_what_to_do() -> Result<(), HarnessError> {
    fn check<T>(done: Result<T, HarnessError>, parts: &[&str]) {
        match done {
            Ok(_) => panic!("it was taken, without {parts:?}"),
            Err(error) => parts
                .iter()
                .for_each(|part| assert!(error.to_string().contains(part), "{error}")),
        }
    }
    let sluice = greeting();
    check(sluice.run("Greting", json!({})), &["Greting", "test-Greeting-"]);
    check(
        sluice.wait("arn:aws:states:us-east-1:000000000000:execution:m:e"),
        &["no execution"],
    );
    check(sluice.create_state_machine("m", &json!({})), &["InvalidDefinition"]);
    check(sluice.call("Nothing.Here", &json!({})), &["UnknownOperationException"]);
    check(
        Sluice::builder().template("/nonexistent.yaml").start(),
        &["/nonexistent.yaml"],
    );
    let directory = tempfile::tempdir().expect("a directory");
    let template = directory.path().join("t.yaml");
    let text = "Resources: { F: { Type: AWS::Lambda::Function, Properties: { Handler: h, Runtime: provided.al2023, \
                Role: 'arn:aws:iam::000000000000:role/r', Code: build/greet } } }";
    std::fs::write(&template, text).expect("written");
    check(
        Sluice::builder().template(&template).start(),
        &["no binary for greet", "build/greet", "Builder::binary"],
    );
    Ok(())
}
