//! Invocations of real processes through the real Runtime API.

mod common;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{ARN, ask, config, example, host, invoke, pid, spec};
use serde_json::{Value, json};
use sluice_host::{
    FunctionError, FunctionSpec, HostConfig, Invocation, InvocationStatus, InvokeError, InvokeOutput, LogQuery,
    MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, ThrottleReason,
};
use tokio::net::TcpListener;
use uuid::Uuid;

/// The error payload with the request id taken out.
fn error_of(output: &InvokeOutput) -> (String, String) {
    assert_eq!(
        output.function_error,
        Some(FunctionError::Unhandled),
        "{:?}",
        output.payload
    );
    let payload: Value = serde_json::from_slice(&output.payload).expect("JSON");
    let text = |name: &str| payload[name].as_str().unwrap_or("absent").to_owned();
    (
        text("errorType"),
        text("errorMessage").replace(&output.request_id.to_string(), "ID"),
    )
}

async fn check_error(host: &sluice_host::Host, event: Value, error_type: &str, message: &str) {
    let output = invoke(host, event.clone()).await;
    assert_eq!(
        error_of(&output),
        (error_type.to_owned(), message.to_owned()),
        "{event}"
    );
}

#[tokio::test]
async fn an_answer_comes_back_and_the_process_stays_warm() {
    let host = host(config(), spec(&[]));
    let first = invoke(&host, json!({"a": [1, "ü"]})).await;
    assert_eq!(
        (&first.payload[..], first.function_error),
        (json!({"a": [1, "ü"]}).to_string().as_bytes(), None)
    );
    assert_eq!(&*first.executed_version, "$LATEST");
    assert!(first.init_duration.is_some() && first.billed_ms >= 1);
    let process = pid(&host).await;
    for _ in 0..20 {
        assert_eq!(pid(&host).await, process);
    }
    assert_eq!(invoke(&host, json!({})).await.init_duration, None);
    assert_eq!(
        host.load("f").map(|load| (load.instances, load.in_flight, load.queued)),
        Some((1, 0, 0))
    );
}

#[tokio::test]
async fn the_official_runtime_is_served() {
    let host = host(config(), FunctionSpec::new("f", ARN, example("lambda")));
    for number in 0..5 {
        assert_eq!(ask(&host, json!({"n": number})).await, json!({"n": number}));
    }
}

#[tokio::test]
async fn the_runtime_is_told_the_truth_about_its_invocation() {
    let host = host(config(), spec(&[]));
    let id = Uuid::from_u128(7);
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |t| t.as_millis())
    };
    let before = now();
    let output = host
        .invoke(
            "f",
            Invocation {
                payload: r#"{"do":"headers"}"#.into(),
                request_id: Some(id),
                trace_id: Some("Root=1-5-6".into()),
                client_context: Some("{\"a\":\n1}".into()),
                invoked_arn: Some(format!("{ARN}:live").into()),
                log_tail: false,
            },
        )
        .await
        .expect("an answer");
    let headers: Value = serde_json::from_slice(&output.payload).expect("JSON");
    for (name, expected) in [
        ("lambda-runtime-aws-request-id", id.to_string()),
        ("lambda-runtime-trace-id", "Root=1-5-6".to_owned()),
        ("lambda-runtime-client-context", "{\"a\": 1}".to_owned()),
        ("lambda-runtime-invoked-function-arn", format!("{ARN}:live")),
        ("content-type", "application/json".to_owned()),
    ] {
        assert_eq!(headers[name], json!(expected), "{name}");
    }
    let deadline: u128 = headers["lambda-runtime-deadline-ms"]
        .as_str()
        .and_then(|ms| ms.parse().ok())
        .expect("ms");
    assert!(
        (before + 60_000..=now() + 60_000).contains(&deadline),
        "{deadline} against {before}"
    );
    let defaults = ask(&host, json!({"do": "headers"})).await;
    assert_eq!(defaults["lambda-runtime-invoked-function-arn"], json!(ARN));
    assert!(
        defaults["lambda-runtime-trace-id"]
            .as_str()
            .is_some_and(|trace| trace.starts_with("Root=1-"))
    );
}

#[tokio::test]
async fn the_environment_is_lambdas_and_nothing_else() {
    let host = host(config(), spec(&[("TABLE", "entries")]));
    let environment = ask(&host, json!({"do": "env"})).await;
    for (name, expected) in [
        ("TABLE", "entries"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
    ] {
        assert_eq!(environment[name], json!(expected), "{name}");
    }
    for name in ["HOME", "CARGO_MANIFEST_DIR", "USER", "_X_AMZN_TRACE_ID"] {
        assert_eq!(environment[name], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_function_that_fails_says_so_and_stays() {
    let host = host(config(), spec(&[]));
    let process = pid(&host).await;
    check_error(&host, json!({"do": "error"}), "Handler.Refused", "no").await;
    assert_eq!(pid(&host).await, process);
}

#[tokio::test]
async fn a_process_that_ends_is_reported_and_replaced() {
    let host = host(config(), spec(&[]));
    let process = pid(&host).await;
    for (event, how) in [
        (json!({"do": "exit", "code": 1}), "exit status 1"),
        (json!({"do": "exit", "code": 0}), "exit status 0"),
        (json!({"do": "abort"}), "signal: aborted"),
    ] {
        let message = format!("RequestId: ID Error: Runtime exited with error: {how}");
        check_error(&host, event, "Runtime.ExitError", &message).await;
    }
    assert_ne!(pid(&host).await, process);
}

#[tokio::test]
async fn an_answer_counts_even_if_the_process_ends_with_it() {
    let host = host(config(), spec(&[]));
    for _ in 0..20 {
        assert_eq!(ask(&host, json!({"do": "last"})).await, json!("goodbye"));
    }
}

#[tokio::test]
async fn an_invocation_that_takes_too_long_is_killed() {
    let mut spec = spec(&[]);
    spec.timeout = Duration::from_millis(1_230);
    let host = host(config(), spec);
    let process = pid(&host).await;
    check_error(
        &host,
        json!({"do": "hang"}),
        "Sandbox.Timedout",
        "RequestId: ID Error: Task timed out after 1.23 seconds",
    )
    .await;
    assert_ne!(pid(&host).await, process);
    let records = host.logs("f", LogQuery::default());
    let (record, last) = (&records[1], records[1].render());
    assert_eq!((&record.status, record.billed_ms), (&InvocationStatus::Timeout, 1_230));
    assert!(
        record.platform[0].ends_with("Task timed out after 1.23 seconds"),
        "{last:?}"
    );
    assert!(
        last.last().is_some_and(|line| line.ends_with("Status: timeout")),
        "{last:?}"
    );
}

#[tokio::test]
async fn a_start_that_fails_answers_the_request_that_caused_it() {
    let fast = || HostConfig {
        init_timeout: Duration::from_millis(300),
        ..config()
    };
    for (init, error_type, message) in [
        (
            "exit",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: exit status 3",
        ),
        ("error", "Init.NoTable", "TABLE is not set"),
        (
            "hang",
            "Sandbox.Timedout",
            "RequestId: ID Error: Task timed out after 0.30 seconds",
        ),
    ] {
        let host = host(if init == "hang" { fast() } else { config() }, spec(&[("INIT", init)]));
        check_error(&host, json!({}), error_type, message).await;
        check_error(&host, json!({}), error_type, message).await;
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named() {
    let path = std::env::temp_dir().join(format!("sluice-not-a-program-{}", Uuid::new_v4()));
    std::fs::write(&path, b"\x7fELF rubbish").expect("writes");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, executable).expect("permissions");
    let host = host(config(), FunctionSpec::new("f", ARN, &path));
    let (error_type, message) = error_of(&invoke(&host, json!({})).await);
    assert_eq!(error_type, "Runtime.InvalidEntrypoint");
    assert!(
        message.starts_with(&format!(
            "RequestId: ID Error: cannot run {}: Exec format error",
            path.display()
        )),
        "{message}"
    );
    std::fs::remove_file(&path).expect("removes");
    let (_, message) = error_of(&invoke(&host, json!({})).await);
    assert!(message.contains("No such file or directory"), "{message}");
}

#[tokio::test]
async fn payloads_are_limited_both_ways() {
    let host = host(config(), spec(&[]));
    let request = |size| host.invoke("f", Invocation::new(vec![b'1'; size]));
    let refused = request(MAX_REQUEST_BYTES + 1).await.expect_err("too large");
    assert_eq!(
        refused.to_string(),
        "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"
    );
    let most = u64::try_from(MAX_RESPONSE_BYTES).expect("fits") - 2;
    assert_eq!(
        invoke(&host, json!({"do": "big", "size": most})).await.payload.len(),
        MAX_RESPONSE_BYTES
    );
    let message = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    for size in [most + 1, 20_000_000] {
        check_error(
            &host,
            json!({"do": "big", "size": size}),
            "Function.ResponseSizeTooLarge",
            message,
        )
        .await;
    }
}

#[tokio::test]
async fn streamed_responses_are_gathered() {
    let host = host(config(), spec(&[]));
    assert_eq!(ask(&host, json!({"do": "stream"})).await, json!({"a": 1}));
    let body = STANDARD.encode(r#"{"errorType":"Stream.Broke","errorMessage":"half way"}"#);
    let trailers =
        format!("Lambda-Runtime-Function-Error-Type: Stream.Broke\r\nLambda-Runtime-Function-Error-Body: {body}\r\n");
    check_error(
        &host,
        json!({"do": "stream", "trailers": trailers}),
        "Stream.Broke",
        "half way",
    )
    .await;
}

#[tokio::test]
async fn the_runtime_api_refuses_what_the_documentation_refuses() {
    let host = host(config(), spec(&[]));
    let unknown = format!("/2018-06-01/runtime/invocation/{}/response", Uuid::nil());
    for (method, path, status, body) in [
        (
            "POST",
            unknown.as_str(),
            400,
            r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#,
        ),
        (
            "POST",
            "/2018-06-01/runtime/invocation/nonsense/error",
            400,
            r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#,
        ),
        (
            "GET",
            "/2018-06-01/runtime/invocation/next",
            403,
            "InvalidStateTransition",
        ),
        ("POST", "/2018-06-01/runtime/init/error", 403, "InvalidStateTransition"),
        ("GET", "/2018-06-01/runtime/init/error", 405, ""),
        ("POST", "/2020-01-01/extension/register", 404, ""),
    ] {
        let reply = ask(&host, json!({"do": "request", "method": method, "path": path})).await;
        assert_eq!(reply["status"], json!(status), "{method} {path}");
        assert!(
            reply["body"].as_str().is_some_and(|text| text.contains(body)),
            "{method} {path}: {reply}"
        );
    }
}

#[tokio::test]
async fn instances_are_added_while_requests_wait_up_to_the_limit() {
    let host = host(
        HostConfig {
            max_instances_per_function: 4,
            ..config()
        },
        spec(&[]),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let event = json!({"do": "wait", "address": listener.local_addr().expect("an address").to_string()});
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let (host, event) = (host.clone(), event.clone());
            tokio::spawn(async move { ask(&host, event).await })
        })
        .collect();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(listener.accept().await.expect("an instance at work"));
    }
    assert_eq!(
        host.load("f").map(|load| (load.instances, load.in_flight, load.queued)),
        Some((4, 6, 2))
    );
    drop(held);
    for _ in 4..6 {
        drop(listener.accept().await.expect("an instance at work"));
    }
    for call in calls {
        assert_eq!(call.await.expect("joins"), json!("waited"));
    }
    assert_eq!(
        host.load("f").map(|load| (load.instances, load.in_flight)),
        Some((4, 0))
    );
}

#[tokio::test]
async fn reserved_concurrency_throttles() {
    let throttled = InvokeError::TooManyRequests(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
    let mut spec = spec(&[]);
    spec.reserved_concurrency = Some(1);
    let host = host(config(), spec.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let event = json!({"do": "wait", "address": listener.local_addr().expect("an address").to_string()});
    let call = tokio::spawn({
        let host = host.clone();
        async move { ask(&host, event).await }
    });
    let held = listener.accept().await.expect("an instance at work");
    assert_eq!(host.invoke("f", Invocation::new("{}")).await, Err(throttled));
    drop(held);
    assert_eq!(call.await.expect("joins"), json!("waited"));
    for _ in 0..50 {
        invoke(&host, json!({})).await;
    }
    spec.reserved_concurrency = Some(0);
    host.update_function(spec).expect("updates");
    let refused = host.invoke("f", Invocation::new("{}")).await.expect_err("throttled");
    assert_eq!(refused.to_string(), "Rate Exceeded.");
}

#[tokio::test]
async fn functions_share_the_hosts_limit() {
    let host = host(
        HostConfig {
            max_instances: 1,
            ..config()
        },
        spec(&[]),
    );
    host.add_function(FunctionSpec {
        name: "g".into(),
        ..spec(&[])
    })
    .expect("adds");
    for name in ["f", "g", "f", "g"] {
        let output = host.invoke(name, Invocation::new("{}")).await.expect("an answer");
        assert_eq!(&output.payload[..], b"{}", "{name}");
    }
}

#[tokio::test]
async fn idle_instances_beyond_one_are_stopped() {
    let host = host(
        HostConfig {
            idle_timeout: Duration::from_millis(40),
            ..config()
        },
        spec(&[]),
    );
    host.prewarm("f", 3).expect("prewarms");
    assert_eq!(host.load("f").map(|load| load.instances), Some(3));
    invoke(&host, json!({})).await;
    while host.load("f").is_some_and(|load| load.instances > 1) {
        tokio::task::yield_now().await;
    }
    invoke(&host, json!({})).await;
    assert_eq!(host.load("f").map(|load| load.instances), Some(1));
}

#[tokio::test]
async fn an_update_takes_the_place_of_the_old_code() {
    let host = host(config(), spec(&[("COLOUR", "blue")]));
    let colour = async || ask(&host, json!({"do": "env"})).await["COLOUR"].clone();
    assert_eq!(colour().await, json!("blue"));
    host.update_function(spec(&[("COLOUR", "green")])).expect("updates");
    assert_eq!(colour().await, json!("green"));
    host.remove_function("f").expect("removes");
    let refused = host.invoke("f", Invocation::new("{}")).await;
    assert_eq!(refused, Err(InvokeError::ResourceNotFound("f".into())));
    assert!(
        !host.logs("f", LogQuery::default()).is_empty(),
        "logs outlive their function"
    );
    assert!(host.functions().is_empty());
}

#[tokio::test]
async fn lines_are_kept_with_the_request_that_wrote_them() {
    let host = host(config(), spec(&[("INIT", "log")]));
    let tail = host
        .invoke(
            "f",
            Invocation {
                payload: r#"{"do":"log","lines":["one"]}"#.into(),
                log_tail: true,
                ..Invocation::default()
            },
        )
        .await
        .expect("an answer")
        .log_tail
        .expect("a tail");
    invoke(&host, json!({"do": "log", "lines": ["\u{1b}[31mtwo", "three"]})).await;
    invoke(&host, json!({"do": "exit"})).await;
    let records = host.logs(
        "f",
        LogQuery {
            after: Some(0),
            limit: 10,
        },
    );
    let lines: Vec<_> = records.iter().map(|record| record.lines.join("|")).collect();
    assert_eq!(
        lines,
        [
            "one|one (err)",
            "two|two (err)|three|three (err)",
            "about to exit|about to exit (err)"
        ]
    );
    assert_eq!(records[0].before, ["starting", "starting (err)"]);
    assert!(records[0].init_duration.is_some() && records[1].init_duration.is_none());
    assert_eq!(records[2].status, InvocationStatus::Failure("Runtime.ExitError"));
    assert_eq!(records[2].platform[1], "Runtime.ExitError");
    let tail = String::from_utf8(STANDARD.decode(tail).expect("base64")).expect("text");
    assert_eq!(tail, records[0].render().join("\n") + "\n");
    #[cfg(target_os = "linux")]
    assert!(records[0].max_memory_mb.is_some_and(|memory| memory > 0));
}

#[tokio::test]
async fn every_call_under_load_gets_its_own_answer() {
    let host = host(config(), spec(&[]));
    let mut calls = tokio::task::JoinSet::new();
    for caller in 0..32 {
        let host = host.clone();
        calls.spawn(async move {
            for number in 0..20 {
                let event = if number % 7 == 3 {
                    json!({"do": "last"})
                } else {
                    json!({"caller": caller, "number": number})
                };
                let expected = if number % 7 == 3 {
                    json!("goodbye")
                } else {
                    event.clone()
                };
                assert_eq!(ask(&host, event).await, expected);
            }
        });
    }
    while let Some(joined) = calls.join_next().await {
        joined.expect("every answer is right");
    }
    assert_eq!(host.load("f").map(|load| (load.in_flight, load.queued)), Some((0, 0)));
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_disturb_the_next() {
    let host = Arc::new(host(config(), spec(&[])));
    for _ in 0..10 {
        let call = tokio::spawn({
            let host = Arc::clone(&host);
            async move { ask(&host, json!({"left": true})).await }
        });
        tokio::task::yield_now().await;
        call.abort();
        assert_eq!(ask(&host, json!({"stayed": true})).await, json!({"stayed": true}));
    }
}
