//! An execution that fails is told of to the functions of rules, also if the process ends before it could be.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use serde_json::{Value, json};
use sluice_clock::ManualClock;
use sluice_driver::{Driver, MachineKind, MachineRecord, NoObserver, StartExecution};
use sluice_events::{Ended, Events, Rules, Sources, Undelivered, deliver, deliver_put};
use sluice_host::{Functions, Invocation, InvokeError, InvokeOutput};
use sluice_service_testing::{ACCOUNT, NOW, NoTasks, REGION, ROLE, account, driver, output, spec};
use sluice_template::{EventPattern, Rule, RuleTarget};
use tokio::task::JoinHandle;

/// A function that passes on what it is sent.
struct Recorder(mpsc::Sender<Value>);

impl Functions for Recorder {
    fn invoke<'a>(
        &'a self,
        name: &'a str,
        invocation: Invocation,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<InvokeOutput, InvokeError>> + Send + 'a>> {
        assert_eq!(name, "record");
        let event = serde_json::from_slice(&invocation.payload).expect("JSON");
        self.0.send(event).expect("somebody listens");
        Box::pin(std::future::ready(output(Ok(b"null".to_vec()), &invocation)))
    }

    fn function(&self, name: &str) -> Option<sluice_host::FunctionSpec> {
        Some(spec(name))
    }

    fn functions(&self) -> Vec<sluice_host::FunctionSpec> {
        vec![spec("record")]
    }
}

fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}")
}

fn rules() -> Rules {
    let rules = Rules::default();
    rules.put(Rule {
        name: "failed".to_owned(),
        arn: "arn:rule".to_owned(),
        description: None,
        enabled: true,
        pattern: EventPattern::read(
            &json!({"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [machine_arn("Watched")], "status": ["FAILED", "TIMED_OUT", "ABORTED"]}}),
        )
        .expect("a pattern"),
        targets: vec![RuleTarget {
            id: "one".to_owned(),
            arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:record"),
            max_retries: 0,
            max_event_age_seconds: 60,
        }],
    });
    rules
}

/// A process on this directory: its driver, what its function is sent, and its delivery unless it must not deliver.
async fn process(
    directory: &Path,
    first: u64,
    delivers: bool,
) -> (Driver, mpsc::Receiver<Value>, Option<JoinHandle<()>>, Undelivered) {
    let account = account(Arc::new(ManualClock::new(NOW)), first);
    let undelivered = Undelivered::default();
    let (observer, ended) = Ended::new(Arc::new(NoObserver), undelivered.clone());
    let driver = driver(directory, &account, Arc::new(NoTasks), Arc::new(observer));
    driver.resume().await.expect("resumes");
    let (sender, receiver) = mpsc::channel();
    let sources = Sources {
        driver: driver.clone(),
        functions: Arc::new(Recorder(sender)),
        rules: rules(),
        undelivered: undelivered.clone(),
    };
    let delivery = delivers.then(|| {
        tokio::spawn(async move {
            deliver(sources, ended, NOW).await.expect("delivers");
        })
    });
    (driver, receiver, delivery, undelivered)
}

async fn fail(driver: &Driver, machine: &str, name: &str) {
    let record = MachineRecord {
        arn: machine_arn(machine),
        name: machine.to_owned(),
        kind: MachineKind::Standard,
        role_arn: ROLE.to_owned(),
        definition: r#"{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Broken","Cause":"c"}}}"#.into(),
        revision_id: String::new(),
        created: NOW,
        updated: NOW,
        attributes: json!({}),
    };
    driver.machines().put(record, true).await.expect("is put");
    let mut start = StartExecution::new(machine_arn(machine), json!({"pincode": "12"}));
    start.name = Some(name.to_owned());
    let started = driver.executions().start(start).await.expect("starts");
    driver.executions().wait_for_end(&started.arn).await.expect("ends");
}

fn received(events: &mpsc::Receiver<Value>) -> Value {
    events
        .recv_timeout(std::time::Duration::from_secs(30))
        .expect("an event comes")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_of_with_its_input_and_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let (driver, events, delivery, undelivered) = process(directory.path(), 1, true).await;
    assert!(undelivered.is_none());
    fail(&driver, "Other", "unwatched").await;
    fail(&driver, "Watched", "s-1").await;
    undelivered.none().await;
    let event = events.try_recv().expect("it is delivered by then");
    let detail = &event["detail"];
    assert_eq!(event["source"], "aws.states");
    assert_eq!(
        (&detail["name"], &detail["status"], &detail["error"], &detail["input"]),
        (
            &json!("s-1"),
            &json!("FAILED"),
            &json!("Broken"),
            &json!("{\"pincode\":\"12\"}")
        )
    );
    assert_eq!((&detail["startDate"], &detail["stopDate"]), (&json!(NOW), &json!(NOW)));
    assert!(
        events.try_recv().is_err(),
        "one event for one end, none of other machines"
    );
    delivery.expect("delivers").abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_nobody_was_told_of_is_told_by_the_next_process() {
    let directory = tempfile::tempdir().expect("a directory");
    // A first process notes from when on it tells.
    let (driver, events, delivery, _) = process(directory.path(), 1, true).await;
    fail(&driver, "Watched", "s-1").await;
    assert_eq!(received(&events)["detail"]["name"], "s-1");
    delivery.expect("delivers").abort();
    driver.close().await.expect("closes");
    // A second one ends before it tells.
    let (driver, _events, _, _) = process(directory.path(), 2, false).await;
    fail(&driver, "Watched", "s-2").await;
    driver.close().await.expect("closes");
    let (_driver, events, delivery, _) = process(directory.path(), 3, true).await;
    // The first may come again: at least once.
    let mut names = Vec::new();
    while !names.contains(&json!("s-2")) {
        names.push(received(&events)["detail"]["name"].clone());
    }
    assert!(names.len() <= 2, "{names:?}");
    delivery.expect("delivers").abort();
}

/// A process with a bus on this directory, and what its function is sent if it delivers. The ids of processes begin at different
/// numbers, so that no two are the same.
async fn bus(directory: &Path, first: u64) -> (Driver, Events, Sources, mpsc::Receiver<Value>) {
    let account = account(Arc::new(ManualClock::new(NOW)), first);
    let driver = driver(directory, &account, Arc::new(NoTasks), Arc::new(NoObserver));
    let undelivered = Undelivered::default();
    let events = Events::new(account, driver.clone(), undelivered.clone());
    let (sender, receiver) = mpsc::channel();
    events.rules().put(Rule {
        name: "orders".to_owned(),
        arn: "arn:rule".to_owned(),
        description: None,
        enabled: true,
        pattern: EventPattern::read(&json!({"source": ["shop"]})).expect("a pattern"),
        targets: vec![RuleTarget {
            id: "one".to_owned(),
            arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:record"),
            max_retries: 0,
            max_event_age_seconds: 60,
        }],
    });
    let sources = Sources {
        driver: driver.clone(),
        functions: Arc::new(Recorder(sender)),
        rules: events.rules().clone(),
        undelivered,
    };
    (driver, events, sources, receiver)
}

async fn put(events: &Events, number: u32) {
    let entry = |source: &str| json!({ "Source": source, "DetailType": "t", "Detail": format!("{{\"n\":{number}}}") });
    let request = json!({ "Entries": [entry("shop"), entry("nobody")] });
    let id = sluice_wire::RequestId::new(&account(Arc::new(ManualClock::new(NOW)), 9));
    let body = axum::body::Body::from(request.to_string());
    let response = events.respond(&id, "PutEvents", body).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_put_is_delivered_once_and_also_by_the_next_process() {
    let directory = tempfile::tempdir().expect("a directory");
    // a first process takes it in, and ends
    let (driver, events, _, _) = bus(directory.path(), 1).await;
    put(&events, 1).await;
    driver.close().await.expect("closes");

    let (driver, events, sources, received_events) = bus(directory.path(), 1_000).await;
    let undelivered = sources.undelivered.clone();
    put(&events, 2).await;
    let taken = events.take_put().expect("the other end");
    let delivery = tokio::spawn(deliver_put(sources, taken));
    let mut numbers = [&received_events; 2].map(|events| received(events)["detail"]["n"].as_u64());
    numbers.sort_unstable();
    assert_eq!(numbers, [Some(1), Some(2)]);
    undelivered.none().await;
    put(&events, 3).await;
    assert_eq!(received(&received_events)["detail"]["n"], 3);
    undelivered.none().await;
    delivery.abort();
    driver.close().await.expect("closes");

    // what was delivered is off the disk
    let (_driver, events, sources, received_events) = bus(directory.path(), 2_000).await;
    let undelivered = sources.undelivered.clone();
    let taken = events.take_put().expect("the other end");
    tokio::spawn(deliver_put(sources, taken));
    put(&events, 4).await;
    assert_eq!(received(&received_events)["detail"]["n"], 4);
    undelivered.none().await;
    assert!(received_events.try_recv().is_err());
}
