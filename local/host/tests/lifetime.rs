//! No process outlives its host.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{ask, config, example, host, invoke, pid, spec};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::json;
use sluice_host::{Invocation, InvokeError};

/// A handle on a process; it becomes readable when the process ends.
fn handle(pid: u64) -> OwnedFd {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a pid");
    pidfd_open(pid, PidfdFlags::empty()).expect("a living process")
}

async fn ended(handle: OwnedFd) {
    let ended = tokio::task::spawn_blocking(move || {
        let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
        poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit))
    });
    assert_eq!(ended.await.expect("joins"), Ok(1), "the process ends");
}

/// A host of its own process, and what it has started.
fn orphan() -> (Child, Vec<OwnedFd>) {
    let mut orphan = Command::new(example("orphan"))
        .arg(example("runtime"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the host starts");
    let output = BufReader::new(orphan.stdout.take().expect("its output"));
    let handles: Vec<_> = output
        .lines()
        .take(3)
        .map(|line| handle(line.expect("a line").parse().expect("a pid")))
        .collect();
    assert_eq!(handles.len(), 3, "a function that hangs, its child and its daemon");
    (orphan, handles)
}

async fn all_end(mut orphan: Child, handles: Vec<OwnedFd>) {
    orphan.kill().expect("kill -9");
    orphan.wait().expect("reaps");
    for handle in handles {
        ended(handle).await;
    }
}

#[tokio::test]
async fn a_killed_host_leaves_no_process_behind() {
    let (orphan, handles) = orphan();
    all_end(orphan, handles).await;
}

/// The guard process of a host.
fn guard_of(host: u32) -> Option<i32> {
    let all = procfs::process::all_processes().expect("a process table");
    all.filter_map(Result::ok)
        .find(|process| {
            let ours = process
                .stat()
                .is_ok_and(|stat| u32::try_from(stat.ppid) == Ok(host) && stat.state != 'Z');
            ours && process
                .cmdline()
                .is_ok_and(|words| words.iter().any(|word| word == "sluice-guard"))
        })
        .map(|process| process.pid())
}

#[tokio::test]
async fn a_killed_guard_is_started_again_and_knows_what_lives() {
    let (orphan, handles) = orphan();
    let first = guard_of(orphan.id()).expect("a guard");
    rustix::process::kill_process(Pid::from_raw(first).expect("a pid"), rustix::process::Signal::KILL).expect("kills");
    let again = tokio::task::spawn_blocking({
        let host = orphan.id();
        move || loop {
            match guard_of(host) {
                Some(guard) if guard != first => break,
                _ => std::thread::yield_now(),
            }
        }
    });
    tokio::time::timeout(Duration::from_secs(20), again)
        .await
        .expect("another guard")
        .expect("joins");
    all_end(orphan, handles).await;
}

#[test]
fn the_official_runtime_ends_with_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let mut function = Command::new(example("lambda"))
        .env(
            "AWS_LAMBDA_RUNTIME_API",
            listener.local_addr().expect("an address").to_string(),
        )
        .envs(
            ["FUNCTION_NAME", "FUNCTION_VERSION", "LOG_GROUP_NAME", "LOG_STREAM_NAME"]
                .map(|name| (format!("AWS_LAMBDA_{name}"), "x")),
        )
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .stderr(Stdio::null())
        .spawn()
        .expect("the function starts");
    let (mut connection, _) = listener.accept().expect("a connection");
    assert!(connection.read(&mut [0; 1024]).expect("a request") > 0);
    drop((connection, listener));
    function.wait().expect("it ends by itself");
}

#[tokio::test]
async fn a_dropped_host_takes_its_processes_along() {
    let host = host(config(), spec(&[]));
    let function = handle(pid(&host).await);
    let child = handle(ask(&host, json!({"do": "child"})).await.as_u64().expect("a pid"));
    let daemon = handle(ask(&host, json!({"do": "daemon"})).await.as_u64().expect("a pid"));
    drop(host);
    ended(function).await;
    ended(child).await;
    ended(daemon).await;
}

#[tokio::test]
async fn a_timeout_takes_the_children_of_the_function_along() {
    let mut spec = spec(&[]);
    spec.timeout = Duration::from_millis(1_000);
    let host = host(config(), spec);
    let child = handle(ask(&host, json!({"do": "child"})).await.as_u64().expect("a pid"));
    let daemon = handle(ask(&host, json!({"do": "daemon"})).await.as_u64().expect("a pid"));
    assert!(invoke(&host, json!({"do": "hang"})).await.function_error.is_some());
    ended(child).await;
    ended(daemon).await;
}

#[tokio::test]
async fn shutdown_waits_for_what_is_in_hand_and_takes_no_more() {
    let host = host(config(), spec(&[]));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let event = json!({"do": "wait", "address": listener.local_addr().expect("an address").to_string()});
    let call = tokio::spawn({
        let host = host.clone();
        async move { ask(&host, event).await }
    });
    let held = listener.accept().await.expect("an instance at work");
    let shutdown = tokio::spawn({
        let host = host.clone();
        async move { host.shutdown(Duration::from_secs(60)).await }
    });
    let attempt = || tokio::time::timeout(Duration::from_millis(1), host.invoke("f", Invocation::new("{}")));
    let refused = loop {
        if let Ok(Err(error)) = attempt().await {
            break error;
        }
    };
    assert_eq!(refused, InvokeError::Stopped("f".into()));
    drop(held);
    assert_eq!(call.await.expect("joins"), json!("waited"));
    shutdown.await.expect("joins");
    assert_eq!(host.load("f").map(|load| load.instances), Some(0));
}

#[tokio::test]
async fn shutdown_kills_what_does_not_end() {
    let host = host(config(), spec(&[]));
    let function = handle(pid(&host).await);
    let call = tokio::spawn({
        let host = host.clone();
        async move { host.invoke("f", Invocation::new(r#"{"do":"hang"}"#)).await }
    });
    while host.load("f").is_some_and(|load| load.in_flight == 0) {
        tokio::task::yield_now().await;
    }
    host.shutdown(Duration::from_millis(50)).await;
    assert_eq!(call.await.expect("joins"), Err(InvokeError::Stopped("f".into())));
    ended(function).await;
}
