//! The way of a failure: the execution ends, the rule tells a function, the table tells the HTTP API, and the approval that nobody
//! waits for leaves the list.

mod support;

use serde_json::{Value, json};
use support::raw;
use support::{Sluice, until};

/// Submits what is half right, and waits until an admin is asked or cannot be; gives the submission's id.
fn submit(sluice: &Sluice, email: &str) -> String {
    let body = json!({ "user_name": "Half", "email": email, "pincode": "12" }).to_string();
    let headers = [("content-type", "application/json"), ("prefer", "wait=30")];
    let answer = raw::send(&sluice.output("FunctionURLAPI"), "PUT", "/", &headers, body.as_bytes());
    let location = answer.header("location").expect("a location");
    location.rsplit('/').next().expect("an id").to_owned()
}

fn status(sluice: &Sluice, id: &str) -> String {
    let url = format!(
        "{}/submissions/{id}",
        sluice.output("FunctionURLAPI").trim_end_matches('/')
    );
    let answer = sluice.aws().json(&url);
    answer["status"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

fn until_status(sluice: &Sluice, id: &str, expected: &str) {
    until(&format!("{id} is {expected}"), || {
        (status(sluice, id) == expected).then_some(())
    });
}

fn item(sluice: &Sluice, id: &str) -> Value {
    let request = json!({ "TableName": sluice.output("ApprovalsTableName"), "Key": { "id": { "S": id } } });
    sluice.aws().call("DynamoDB_20120810.GetItem", &request).expect("read")["Item"].clone()
}

/// The number of open approvals, as the counters have it.
fn open(sluice: &Sluice) -> i64 {
    let count = |shard: u32| {
        let counter = item(sluice, &format!("counter#{shard}"));
        counter["open"]["N"]
            .as_str()
            .map_or(0, |number| number.parse::<i64>().expect("a number"))
    };
    (0..8).map(count).sum()
}

/// The kinds of the records of an approval's audit.
fn audit(sluice: &Sluice, id: &str) -> Vec<String> {
    let request = json!({
        "TableName": sluice.output("ApprovalAuditTableName"),
        "KeyConditionExpression": "approval_id = :id AND seq > :none",
        "ExpressionAttributeValues": { ":id": { "S": id }, ":none": { "N": "0" } },
    });
    let found = sluice.aws().call("DynamoDB_20120810.Query", &request).expect("queried");
    let kinds = found["Items"].as_array().expect("items").iter();
    kinds
        .map(|one| one["kind"]["S"].as_str().expect("a kind").to_owned())
        .collect()
}

fn stop(sluice: &Sluice, id: &str) {
    let request = json!({ "executionArn": sluice.execution_arn(id), "cause": "a test" });
    sluice
        .aws()
        .call("AWSStepFunctions.StopExecution", &request)
        .expect("stopped");
}

/// Checks that a submission is told as failed, and that its approval is withdrawn, once.
fn check_withdrawn(sluice: &Sluice, id: &str) {
    until_status(sluice, id, "failed");
    let approval = format!("{id}.1");
    let record = until("its approval is off the list", || {
        let record = item(sluice, &approval);
        record["withdrawn_at"]["S"].is_string().then_some(record)
    });
    assert!(record.get("open_shard").is_none(), "{record}");
    let withdrawn = audit(sluice, &approval)
        .iter()
        .filter(|kind| *kind == "withdrawn")
        .count();
    assert_eq!(withdrawn, 1, "{:?}", audit(sluice, &approval));
}

#[test]
fn a_failed_workflow_is_told_by_the_api_and_its_approval_leaves_the_list() {
    let sluice = &Sluice::started();
    let topic = sluice.output("TopicArn");
    let deleted = sluice.aws().query(
        "sns",
        &format!("Action=DeleteTopic&Version=2010-03-31&TopicArn={topic}"),
    );
    assert!(deleted.contains("DeleteTopicResponse"), "{deleted}");
    let id = submit(sluice, "nobody@example.com");
    check_withdrawn(sluice, &id);
    let request = json!({ "executionArn": sluice.execution_arn(&id) });
    let described = sluice
        .aws()
        .call("AWSStepFunctions.DescribeExecution", &request)
        .expect("described");
    assert_eq!(
        (&described["status"], &described["error"]),
        (&json!("FAILED"), &json!("AdminNotAsked"))
    );
    assert_eq!(open(sluice), 0);
    assert_eq!(audit(sluice, &format!("{id}.1")), ["opened", "withdrawn"]);
}

#[test]
fn an_aborted_execution_that_is_redriven_asks_again_and_is_decided() {
    let sluice = &Sluice::started();
    let id = submit(sluice, "redriven@example.com");
    until_status(sluice, &id, "waiting_for_approval");
    assert_eq!(open(sluice), 1);
    stop(sluice, &id);
    check_withdrawn(sluice, &id);
    assert_eq!(open(sluice), 0);
    let request = json!({ "executionArn": sluice.execution_arn(&id) });
    sluice
        .aws()
        .call("AWSStepFunctions.RedriveExecution", &request)
        .expect("redriven");
    until_status(sluice, &id, "waiting_for_approval");
    until("it is open again", || (open(sluice) == 1).then_some(()));
    let token = item(sluice, &format!("{id}.1"))["task_token"]["S"]
        .as_str()
        .expect("a token")
        .to_owned();
    let decision = json!({ "decision": "approve", "decided_by": "Ada", "decided_at": "2026-12-01T10:00:00.000Z" });
    let request = json!({ "taskToken": token, "output": decision.to_string() });
    sluice
        .aws()
        .call("AWSStepFunctions.SendTaskSuccess", &request)
        .expect("taken");
    until_status(sluice, &id, "approved");
}

/// The runtime is killed between the end of an execution and what follows from it, and the function while it is at work: each
/// failure is told, and each approval withdrawn, once.
#[test]
fn a_kill_on_the_way_loses_no_failure() {
    let mut sluice = Sluice::started();
    let mut ids = Vec::new();
    for round in 0..6 {
        let id = submit(&sluice, &format!("killed{round}@example.com"));
        until_status(&sluice, &id, "waiting_for_approval");
        stop(&sluice, &id);
        if round % 2 == 0 {
            sluice.kill();
            sluice.start();
        } else {
            kill_functions(&sluice, "record-failure");
        }
        ids.push(id);
    }
    for id in &ids {
        check_withdrawn(&sluice, id);
    }
    assert_eq!(open(&sluice), 0);
}

/// `kill -9` for each process of a function that this `sluice` has.
fn kill_functions(sluice: &Sluice, name: &str) {
    for process in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let of_function = std::fs::read_link(process.path().join("exe")).is_ok_and(|exe| exe.ends_with(name));
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let endpoint = format!("AWS_ENDPOINT_URL={}", sluice.endpoint());
        let is_ours = environment
            .split(|byte| *byte == 0)
            .any(|one| one == endpoint.as_bytes());
        if of_function && is_ours {
            let id = process.file_name().to_string_lossy().into_owned();
            let killed = std::process::Command::new("kill").args(["-9", &id]).status();
            assert!(killed.is_ok(), "{id}");
        }
    }
}
