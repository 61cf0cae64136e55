//! The whole console over a real driver and host, in one process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, HOST, LOCATION};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use sluice_clock::{Clock as _, ManualClock};
use sluice_cloudformation::{StackOutput, StackRecord, Stacks};
use sluice_cloudwatch::{CloudWatch, Metrics};
use sluice_driver::{
    Driver, DriverConfig, MachineKind, MachineRecord, RunningTask, StartExecution, StopExecution, TaskRunner,
};
use sluice_host::{FunctionSpec, Host, HostConfig, Invocation};
use sluice_http::HostGuard;
use tokio::sync::mpsc;
use tower::ServiceExt;

mod actions;
mod dashboards;
mod submissions;

use super::redaction::MARKER;
use super::*;

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ingest";
const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:ingest:";
const NOW: i64 = 1_795_000_000_000;

/// A runtime in which nothing has a deadline.
struct StoppedClock;

impl TimeMachine for StoppedClock {
    fn upcoming(&self) -> TimeMachineFuture<'_, Vec<Upcoming>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn jump(&self, _: Jump, _: Duration) -> TimeMachineFuture<'_, Jumped> {
        Box::pin(async { Err(TimeMachineError::NothingWaits) })
    }
}

/// Accepts every call and repeats the token in its answer, as careless functions do; a call of a state whose name begins
/// with `Fail` fails.
struct Echo(mpsc::UnboundedSender<String>);

impl TaskRunner for Echo {
    fn run(&self, task: RunningTask) {
        match task.task.token.clone() {
            Some(token) => {
                task.submitted(json!({ "seen": token.to_string(), "body": format!("{{\"t\":\"{token}\"}}") }));
                let _ = self.0.send(token.to_string());
            }
            None if task.task.state.starts_with("Fail") => task.fail("Test.Failed", "it fails on purpose"),
            None => task.succeed(json!({ "ok": true })),
        }
    }
}

struct Console {
    router: Router,
    driver: Driver,
    host: Host,
    clock: Arc<ManualClock>,
    cloudwatch: CloudWatch,
    metrics: Arc<Metrics>,
    tokens: mpsc::UnboundedReceiver<String>,
    _directory: tempfile::TempDir,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Console {
    async fn start() -> Self {
        Self::start_with(ConsoleNotes::default()).await
    }

    async fn start_with(notes: ConsoleNotes) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::new(NOW));
        let (seen, tokens) = mpsc::unbounded_channel();
        let drawn = Mutex::new(0_u64);
        let config = DriverConfig {
            directory: directory.path().to_owned(),
            clock: clock.clone(),
            seed: Arc::new(move || {
                let mut drawn = drawn.lock().expect("a lock that nobody poisoned");
                *drawn += 1;
                [*drawn, 7]
            }),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            retention: sluice_driver::EXECUTION_RETENTION,
            observer: Arc::new(sluice_driver::NoObserver),
            retry: sluice_driver::RetryBackoff::default(),
            worker: None,
        };
        let driver = Driver::open(config, Arc::new(Echo(seen))).expect("a journal");
        driver.machines().put(machine(), false).await.expect("a state machine");
        let host = Host::new(HostConfig::default()).expect("a host");
        let metrics = Arc::new(Metrics::new(clock.clone()));
        metrics
            .open(&directory.path().join("metrics.sqlite"), None)
            .expect("a file");
        let account = sluice_service_testing::account(clock.clone(), 1);
        let cloudwatch = CloudWatch::new(account, Arc::clone(&metrics), driver.clone());
        let state = ConsoleState {
            driver: driver.clone(),
            host: host.clone(),
            stacks: Arc::new(stacks(driver.clone())),
            cloudwatch: cloudwatch.clone(),
            smtp: None,
            clock: clock.clone(),
            time: Arc::new(StoppedClock),
            guard: HostGuard::new(([127, 0, 0, 1], 4566).into()),
            notes,
            form_secret: [1, 2],
        };
        Self {
            router: router(state),
            driver,
            host,
            clock,
            cloudwatch,
            metrics,
            tokens,
            _directory: directory,
        }
    }

    async fn send(&self, method: Method, uri: &str, headers: &[(&str, &str)]) -> Reply {
        self.send_with(method, uri, headers, Body::empty()).await
    }

    async fn send_with(&self, method: Method, uri: &str, headers: &[(&str, &str)], body: Body) -> Reply {
        let mut request = Request::builder().method(method).uri(uri);
        if !headers.iter().any(|(name, _)| *name == HOST.as_str()) {
            request = request.header(HOST, "localhost:4566");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let body = String::from_utf8(body.to_vec()).expect("UTF-8");
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    async fn page(&self, uri: &str) -> String {
        let answer = self.send(Method::GET, uri, &[]).await;
        assert_eq!(answer.status, 200, "{uri}: {}", answer.body);
        assert!(answer.body.starts_with("<!DOCTYPE html>"), "{uri}");
        answer.body
    }

    /// A member of each item of a list, page after page.
    async fn all(&self, first: &str, list: &str, member: &str) -> Vec<Value> {
        let (mut found, mut uri) = (Vec::new(), Some(first.to_owned()));
        while let Some(at) = uri {
            let page = self.json(&at).await;
            let items = page[list].as_array().expect("a list");
            found.extend(items.iter().map(|item| item[member].clone()));
            uri = page["next"].as_str().map(str::to_owned);
        }
        found
    }

    async fn json(&self, uri: &str) -> Value {
        let answer = self
            .send(Method::GET, uri, &[(ACCEPT.as_str(), "application/json")])
            .await;
        assert_eq!(answer.status, 200, "{uri}: {}", answer.body);
        answer.json()
    }

    /// Starts an execution and waits until it is parked; its token.
    async fn park(&mut self, name: &str, input: Value) -> String {
        let request = StartExecution::new(MACHINE, input).named(name);
        self.driver.executions().start(request).await.expect("an execution");
        let token = self.tokens.recv().await.expect("a token");
        // Requests are taken in order: after this one the answer to the call has been taken too.
        self.driver
            .store()
            .put("test", "barrier", Value::Null)
            .await
            .expect("a write");
        token
    }
}

fn stacks(driver: Driver) -> Stacks {
    let stacks = Stacks::new(driver);
    stacks.register(StackRecord {
        outputs: vec![StackOutput {
            key: "FunctionURLAPI".to_owned(),
            value: "http://127.0.0.1:41001/".to_owned(),
            description: None,
            export_name: None,
        }],
        ..StackRecord::empty("sluice", "arn:aws:cloudformation:us-east-1:000000000000:stack/sluice/1")
    });
    stacks
}

/// A mail as SNS puts it into the journal.
fn mail(id: &str, subject: &str, text: &str) -> Value {
    json!({ "id": id, "to": "a@b.com", "subject": subject, "text": text, "sent_at": "2026-11-22T10:00:00.000Z",
        "topic_arn": "arn:aws:sns:us-east-1:123456789012:approvals", "message_id": "1" })
}

fn machine() -> MachineRecord {
    let definition = json!({
        "Comment": "A test <script>",
        "StartAt": "Check",
        "States": {
            "Check": { "Type": "Pass", "Next": "RequestApproval" },
            "RequestApproval": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {
                    "FunctionName": "ask",
                    "Payload": { "token.$": "$$.Task.Token", "wrapped.$": "States.JsonToString($$.Task)" }
                },
                "TimeoutSeconds": 600,
                "End": true
            }
        }
    });
    MachineRecord {
        arn: MACHINE.to_owned(),
        name: "ingest".to_owned(),
        kind: MachineKind::Standard,
        role_arn: "arn:aws:iam::123456789012:role/ingest".to_owned(),
        definition: definition.to_string().into(),
        revision_id: "r-1".to_owned(),
        created: NOW,
        updated: NOW,
        attributes: Value::Null,
    }
}

#[tokio::test]
async fn every_page_has_a_json_form_and_the_strict_headers() {
    let mut console = Console::start().await;
    console.park("e-1", json!({ "user_name": "Ann" })).await;
    console
        .driver
        .store()
        .put("mail", "m-1", mail("m-1", "S", "T"))
        .await
        .expect("a mail");
    for uri in [
        "/console",
        "/console/",
        "/console/executions",
        &format!("/console/executions/{EXECUTION}e-1"),
        &format!("/console/executions?arn={EXECUTION}e-1"),
        "/console/approvals",
        "/console/inbox",
        "/console/inbox/m-1",
        "/console/logs",
        "/console/state-machines",
        &format!("/console/state-machines/{MACHINE}"),
    ] {
        let page = console.send(Method::GET, uri, &[]).await;
        assert_eq!(page.status, 200, "{uri}: {}", page.body);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{uri}");
        assert!(
            page.body.contains("<h1>") && page.body.contains("<html lang=\"en\">"),
            "{uri}"
        );
        assert_eq!(page.body.matches("<script").count(), 1, "{uri}");
        let json = console.send(Method::GET, uri, &[("accept", "application/json")]).await;
        assert_eq!(json.headers["content-type"], "application/json", "{uri}");
        assert!(json.json().is_object(), "{uri}");
        for answer in [&page, &json] {
            let policy = answer.headers[CONTENT_SECURITY_POLICY].to_str().expect("text");
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
            for (name, value) in [
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "same-origin"),
                ("vary", "accept"),
            ] {
                assert_eq!(answer.headers[name], value, "{uri}");
            }
        }
        let head = console.send(Method::HEAD, uri, &[]).await;
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""), "HEAD {uri}");
    }
}

#[tokio::test]
async fn what_cannot_be_shown_is_a_problem_in_both_forms() {
    let console = Console::start().await;
    for (uri, status) in [
        ("/console/nothing", 404),
        ("/console/executions/arn:none", 404),
        ("/console/executions?arn=%00%3Cscript%3E", 404),
        ("/console/state-machines/none", 404),
        ("/console/inbox/none", 404),
        ("/console/logs/none", 404),
        ("/console/logs/%FF", 400),
        ("/console?status=WAITING", 400),
        ("/console?cursor=other", 400),
        ("/console/approvals?cursor=other", 400),
        ("/console?limit=0", 400),
        ("/console?refresh=0", 400),
        ("/console?refresh=2%3Burl%3Dhttp%3A%2F%2Fevil.example", 400),
        ("/console?format=xml", 400),
    ] {
        let page = console.send(Method::GET, uri, &[]).await;
        assert_eq!(page.status, status, "{uri}");
        assert!(
            page.body.starts_with("<!DOCTYPE html>") && page.body.matches("<script").count() == 1,
            "{uri}: {}",
            page.body
        );
        if uri.contains("format=") {
            continue;
        }
        let json = console.send(Method::GET, uri, &[("accept", "application/json")]).await;
        assert_eq!(json.status, status, "{uri}");
        assert_eq!(json.headers["content-type"], "application/problem+json", "{uri}");
        assert_eq!(json.json()["status"], status, "{uri}");
        assert!(
            json.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn pages_only_show() {
    let console = Console::start().await;
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
    ] {
        for uri in ["/console", "/console/inbox", "/console/executions/x"] {
            let answer = console
                .send(method.clone(), uri, &[("accept", "application/json")])
                .await;
            assert_eq!(answer.status, 405, "{method} {uri}");
            assert_eq!(answer.headers["allow"], "GET, HEAD");
            assert_eq!(answer.json()["status"], 405);
        }
    }
}

#[tokio::test]
async fn foreign_hosts_are_refused() {
    let console = Console::start().await;
    for (host, status) in [("evil.example:4566", 403), ("127.0.0.1:4566", 200), ("localhost", 200)] {
        let answer = console.send(Method::GET, "/console", &[("host", host)]).await;
        assert_eq!(answer.status, status, "{host}");
        assert!(answer.headers.get(LOCATION).is_none());
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_parked_execution_is_shown_without_its_token() {
    let mut console = Console::start().await;
    let token = console
        .park("e-1", json!({ "email": "a@b.com", "fields": { "pincode": "12" } }))
        .await;
    console.clock.advance(std::time::Duration::from_secs(90));
    // A careless caller could put a token anywhere.
    let careless = mail("m-1", &token, &format!("http://x.example/?t={token}"));
    console
        .driver
        .store()
        .put("mail", "m-1", careless)
        .await
        .expect("a mail");
    console
        .park(
            "e-2",
            json!({ "again": token, "nested": json!({ "t": token }).to_string() }),
        )
        .await;
    let execution = format!("/console/executions/{EXECUTION}e-1");
    let careless = format!("/console/executions/{EXECUTION}e-2");
    for uri in [
        execution.as_str(),
        &careless,
        "/console",
        "/console/approvals",
        "/console/inbox",
        "/console/inbox/m-1",
    ] {
        for accept in ["text/html", "application/json"] {
            let answer = console.send(Method::GET, uri, &[("accept", accept)]).await;
            let secret = &token["SLT1-".len()..];
            assert!(
                !answer.body.contains(&secret[..20]),
                "{uri} as {accept}: {}",
                answer.body
            );
            assert!(
                !answer.body.contains(&secret[secret.len() - 20..]),
                "{uri} as {accept}: {}",
                answer.body
            );
            assert_eq!(
                answer.body.contains(MARKER),
                uri != "/console",
                "{uri} as {accept}: {}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn a_parked_execution_is_shown_until_its_token_is_answered() {
    let mut console = Console::start().await;
    let token = console
        .park("e-1", json!({ "email": "a@b.com", "fields": { "pincode": "12" } }))
        .await;
    console.clock.advance(std::time::Duration::from_secs(90));
    let execution = format!("/console/executions/{EXECUTION}e-1");

    let shown = console.json(&execution).await;
    assert_eq!(shown["status"], "RUNNING");
    assert_eq!(
        shown["input"],
        json!({ "email": "a@b.com", "fields": { "pincode": "12" } })
    );
    assert_eq!(shown["waiting"]["state"], "RequestApproval");
    assert_eq!(shown["waiting"]["since"], "2026-11-18T11:06:40.000Z");
    assert_eq!(shown["duration_ms"], 90_000);
    let states = shown["visits"]["rows"].as_array().expect("rows");
    let states: Vec<_> = states.iter().map(|row| (&row["label"], &row["status"])).collect();
    assert_eq!(
        states,
        [
            (&json!("Check"), &json!("succeeded")),
            (&json!("RequestApproval"), &json!("waiting"))
        ]
    );
    let events: Vec<_> = shown["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| &event["type"])
        .collect();
    assert_eq!(
        events,
        [
            "TaskSubmitted",
            "TaskStarted",
            "TaskScheduled",
            "TaskStateEntered",
            "PassStateExited",
            "PassStateEntered",
            "ExecutionStarted",
        ]
    );
    let scheduled = &shown["events"][2];
    assert_eq!(scheduled["state"], "RequestApproval");
    assert_eq!(scheduled["details"]["parameters"]["Payload"]["token"], MARKER);
    assert_eq!(shown["event_count"], 7);
    assert_eq!(shown["next"], Value::Null);

    let approvals = console.json("/console/approvals").await;
    assert_eq!(approvals["items"][0]["name"], "e-1");
    assert_eq!(approvals["items"][0]["state"], "RequestApproval");
    assert_eq!(approvals["items"][0]["waiting_ms"], 90_000);
    assert_eq!(approvals["items"][0]["expires_at"], "2026-11-18T11:16:40.000Z");
    let page = console.page("/console/approvals").await;
    assert!(page.contains("fields.pincode") && page.contains("1 min 30 s"), "{page}");

    console
        .driver
        .tokens()
        .succeed(&token, json!({ "decision": "approve" }))
        .await
        .expect("an answer");
    assert_eq!(
        console.json("/console/approvals").await["items"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
    let ended = console.json(&execution).await;
    assert_eq!(
        (&ended["status"], &ended["output"]),
        (&json!("SUCCEEDED"), &json!({ "decision": "approve" }))
    );
}

#[tokio::test]
async fn lists_are_filtered_and_paged_by_their_links() {
    let mut console = Console::start().await;
    for n in 0..5 {
        console.park(&format!("e-{n}"), json!({ "n": n })).await;
    }
    let stopped = console
        .driver
        .executions()
        .stop(StopExecution {
            error: Some("By.Hand".to_owned()),
            ..StopExecution::new(format!("{EXECUTION}e-2"))
        })
        .await;
    assert!(stopped.is_ok());

    let names = console
        .all("/console/executions?limit=2&status=running", "items", "name")
        .await;
    assert_eq!(names, ["e-4", "e-3", "e-1", "e-0"]);

    let overview = console.json("/console").await;
    assert_eq!(overview["stacks"][0]["outputs"][0]["value"], "http://127.0.0.1:41001/");
    let count = |status: &str| {
        let counts = overview["counts"].as_array().expect("counts");
        counts
            .iter()
            .find(|count| count["status"] == status)
            .map(|count| count["count"].clone())
    };
    assert_eq!(
        (count("RUNNING"), count("ABORTED"), count("FAILED")),
        (Some(json!(4)), Some(json!(1)), Some(json!(0)))
    );
    let aborted = console.page("/console/executions?status=ABORTED").await;
    assert!(aborted.contains(">e-2<") && !aborted.contains(">e-3<"), "{aborted}");
    let refreshing = console.page("/console?refresh=2").await;
    assert!(refreshing.contains("<meta http-equiv=\"refresh\" content=\"2\">"));
    assert!(!console.page("/console").await.contains("http-equiv"));

    let machine = console
        .json(&format!("/console/state-machines/{MACHINE}?limit=3"))
        .await;
    assert_eq!(machine["definition"]["StartAt"], "Check");
    assert_eq!(machine["items"].as_array().map(Vec::len), Some(3));
    let rest = console.json(machine["next"].as_str().expect("a next page")).await;
    assert_eq!(
        (rest["items"].as_array().map(Vec::len), &rest["next"]),
        (Some(2), &Value::Null)
    );

    let events = format!("/console/executions/{EXECUTION}e-0?limit=3");
    let ids = console.all(&events, "events", "id").await;
    assert_eq!(ids, [7, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn the_inbox_is_paged_newest_first() {
    let console = Console::start().await;
    for n in 0..5 {
        let text = "<script>alert(1)</script>\0\u{202e} https://a.example/x";
        let id = format!("m-{n}");
        console
            .driver
            .store()
            .put("mail", &id, mail(&id, &format!("Mail {n}"), text))
            .await
            .expect("a mail");
    }
    let mut subjects = Vec::new();
    let mut uri = "/console/inbox?limit=2".to_owned();
    loop {
        let page = console.json(&uri).await;
        subjects.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|mail| mail["subject"].clone()),
        );
        match page["next"].as_str() {
            Some(next) => uri = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(subjects, ["Mail 4", "Mail 3", "Mail 2", "Mail 1", "Mail 0"]);
    let mail = console.json("/console/inbox/m-3").await;
    let members: Vec<_> = mail
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(members, ["id", "to", "subject", "text", "sent_at", "read", "delivery"]);
    assert_eq!(mail["text"], "<script>alert(1)</script>\0\u{202e} https://a.example/x");
    let page = console.page("/console/inbox/m-3").await;
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;\\u0000\\u202e"),
        "{page}"
    );
    assert!(
        page.contains("<a href=\"https://a.example/x\" rel=\"noreferrer noopener\">"),
        "{page}"
    );
}

#[tokio::test]
async fn hostile_input_is_shown_as_text() {
    let mut console = Console::start().await;
    let name = "\u{202e}<img src=x onerror=alert(1)>\0";
    console
        .park(
            "e-1",
            json!({ "user_name": name, "large": "x".repeat(200_000), name: 1 }),
        )
        .await;
    for uri in [
        format!("/console/executions/{EXECUTION}e-1"),
        "/console/approvals".to_owned(),
    ] {
        let page = console.page(&uri).await;
        assert!(
            !page.contains("<img") && !page.contains('\0') && !page.contains('\u{202e}'),
            "{page}"
        );
        assert!(page.len() < 150_000, "{} bytes", page.len());
        assert!(page.contains("&lt;img src=x"), "{page}");
    }
    let json = console.json(&format!("/console/executions/{EXECUTION}e-1")).await;
    assert_eq!(json["input"]["user_name"], name);
    assert_eq!(json["input"]["large"].as_str().map(str::len), Some(200_000));
}

#[tokio::test]
async fn a_function_log_is_shown_without_tokens() {
    let console = Console::start().await;
    let token = format!("SLT1-{}", "Ab3-".repeat(16));
    // A program that prints its environment and ends without a word to the Runtime API.
    let mut spec = FunctionSpec::new(
        "ask",
        "arn:aws:lambda:us-east-1:123456789012:function:ask",
        "/usr/bin/env",
    );
    spec.environment.insert("CARELESS".to_owned(), format!("<b>{token}"));
    console.host.add_function(spec).expect("a function");
    let output = console
        .host
        .invoke("ask", Invocation::new("{}"))
        .await
        .expect("an answer");
    assert!(output.function_error.is_some());

    let functions = console.json("/console/logs").await;
    assert_eq!(functions["items"][0]["name"], "ask");
    assert_ne!(functions["items"][0]["last"]["status"], "success");
    assert!(
        console
            .page("/console/logs")
            .await
            .contains("href=\"/console/logs/ask\"")
    );

    let log = console.json("/console/logs/ask").await;
    assert_eq!(log["function"], "ask");
    let lines: Vec<_> = log["items"][0]["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(lines.contains(&"CARELESS=<b>(task token)"), "{lines:?}");
    let page = console.page("/console/logs/ask").await;
    assert!(
        page.contains("CARELESS=&lt;b&gt;(task token)") && !page.contains("Ab3-Ab3-"),
        "{page}"
    );
}

mod execution;
