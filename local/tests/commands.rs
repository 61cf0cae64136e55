//! Tests of the command line: an error is one line, and a stopped process continues where it was.

mod support;

use std::net::TcpListener;

use serde_json::json;
use support::{Sluice, until};

/// Runs `sluice up` to its failure; gives what it printed on standard error.
fn refused(sluice: &Sluice, arguments: &[&str]) -> String {
    let done = sluice.command().args(arguments).output().expect("runs");
    assert!(!done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8_lossy(&done.stderr).into_owned()
}

fn check_refused(sluice: &Sluice, arguments: &[&str], words: &[&str]) {
    let text = refused(sluice, arguments);
    for word in words {
        assert!(
            text.contains(word),
            "{arguments:?} should say {word:?} but said: {text}"
        );
    }
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    assert!(lines.len() <= 2, "{arguments:?} should say it in one line: {text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_used_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = taken.local_addr().expect("an address").to_string();
    let sluice = Sluice::new();
    let mut command = support::program();
    command.args(["up", "--listen", &address, "--data"]).arg(sluice.data());
    command.arg("--functions").arg(support::binaries());
    let done = command.output().expect("runs");
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(
        !done.status.success() && text.contains(&address) && text.contains("--listen"),
        "{text}"
    );
}

#[test]
fn a_broken_template_is_named_with_its_line() {
    let sluice = Sluice::new();
    let rows: &[(&str, &[&str])] = &[
        (
            "Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties:\n      Tineout: 3\n",
            &["Tineout", ":5"],
        ),
        (
            "Resources:\n  A:\n    Type: AWS::Nothing::Here\n",
            &["AWS::Nothing::Here", ":3"],
        ),
        ("Resources: [\n", &["t.yaml"]),
        ("", &["t.yaml"]),
    ];
    for (template, words) in rows {
        let file = sluice.data().join("t.yaml");
        std::fs::write(&file, template).expect("written");
        let text = refused(&sluice, &["--template", file.to_str().expect("text")]);
        for word in *words {
            assert!(text.contains(word), "{template:?} should say {word:?}: {text}");
        }
    }
    check_refused(
        &sluice,
        &["--template", "/nonexistent/x.yaml"],
        &["/nonexistent/x.yaml"],
    );
}

#[test]
fn wrong_parameters_are_named() {
    let sluice = Sluice::new();
    check_refused(&sluice, &["--parameter", "NoSuch=1"], &["NoSuch"]);
    check_refused(
        &sluice,
        &["--parameter", "ApprovalTimeoutDays=9999"],
        &["ApprovalTimeoutDays"],
    );
    check_refused(&sluice, &["--parameter", "AdminEmail=not an address"], &["AdminEmail"]);
}

#[test]
fn missing_binaries_are_named() {
    let sluice = Sluice::new();
    let empty = tempfile::tempdir().expect("a directory");
    let done = support::program()
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(sluice.data())
        .arg("--functions")
        .arg(empty.path())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && text.contains("validate-email"), "{text}");
}

#[test]
fn a_data_directory_serves_one_process() {
    let sluice = Sluice::started();
    check_refused(&sluice, &[], &["in use", sluice.data().to_str().expect("text")]);
}

#[test]
fn a_stop_and_a_start_keep_everything() {
    let mut sluice = Sluice::started();
    let (url, machine) = (sluice.output("FunctionURLAPI"), sluice.output("StateMachineArn"));
    let (status, body) = sluice.aws().put_json(&url, &support::good_submission("kept"));
    assert_eq!(status, 201, "{body}");
    let wait = json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 86_400, "End": true } } });
    let create =
        json!({ "name": "waits", "definition": wait.to_string(), "roleArn": "arn:aws:iam::000000000000:role/r" });
    let waits = sluice
        .aws()
        .call("AWSStepFunctions.CreateStateMachine", &create)
        .expect("created")["stateMachineArn"]
        .clone();
    let arn = sluice
        .aws()
        .call("AWSStepFunctions.StartExecution", &json!({ "stateMachineArn": waits }))
        .expect("started")["executionArn"]
        .clone();
    assert!(sluice.stop().success(), "Ctrl-C is a clean end");
    sluice.start();
    assert_eq!(
        sluice.output("FunctionURLAPI"),
        url,
        "links in old mails must go on working"
    );
    assert_eq!(sluice.output("StateMachineArn"), machine);
    let list = sluice.aws().json(&format!("{url}?limit=100"));
    assert!(
        list.as_array()
            .expect("a list")
            .iter()
            .any(|e| e["id"] == "kept@example.com"),
        "{list}"
    );
    let describe = || {
        sluice
            .aws()
            .call("AWSStepFunctions.DescribeExecution", &json!({ "executionArn": arn }))
            .expect("there")
    };
    assert_eq!(describe()["status"], "RUNNING");
    sluice.advance_clock("25h");
    until("the wait is over", || {
        (describe()["status"] == "SUCCEEDED").then_some(())
    });
}
