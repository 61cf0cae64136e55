//! Tests of shortages and of too many requests: requests wait, and are refused as Lambda refuses.

mod common;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{ask, config, host, spec};
use serde_json::json;
use sluice_host::{Host, HostConfig, Invocation, InvokeError, ThrottleReason};
use tokio::net::TcpListener;
use tokio::time::Instant;

const THROTTLED: InvokeError = InvokeError::TooManyRequests(ThrottleReason::ConcurrentInvocationLimitExceeded);

/// A machine that refuses starts with this error of its own: those from number `from` on, `count` of them.
fn short_of(errno: i32, from: usize, count: usize) -> (HostConfig, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let config = HostConfig {
        may_start: Arc::new(move |_| {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            if (from..from.saturating_add(count)).contains(&number) {
                return Err(io::Error::from_raw_os_error(errno));
            }
            Ok(())
        }),
        ..config()
    };
    (config, asked)
}

async fn load(host: &Host) -> (usize, usize, usize) {
    host.load("f")
        .map(|load| (load.instances, load.in_flight, load.queued))
        .expect("a function")
}

#[tokio::test(start_paused = true)]
async fn what_the_machine_is_short_of_is_no_failure_of_the_function() {
    use rustix::io::Errno;
    for errno in [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM] {
        let (config, asked) = short_of(errno.raw_os_error(), 0, usize::MAX);
        let host = host(config, spec(&[]));
        assert_eq!(host.trouble(), None);
        let began = Instant::now();
        assert_eq!(host.invoke("f", Invocation::new("{}")).await, Err(THROTTLED), "{errno}");
        assert_eq!(began.elapsed().as_secs(), 4, "{errno}");
        // it is tried again and again, and less and less often
        assert!((4..=7).contains(&asked.load(Ordering::SeqCst)), "{asked:?}");
        let trouble = host.trouble().expect("trouble");
        assert!(
            trouble.starts_with("functions cannot be started: ") && trouble.contains("os error"),
            "{trouble}"
        );
        assert_eq!(load(&host).await, (0, 0, 0));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(host.trouble(), None);
    }
}

#[tokio::test]
async fn a_start_is_tried_again_while_a_request_waits() {
    let (config, asked) = short_of(rustix::io::Errno::MFILE.raw_os_error(), 0, 1);
    let host = host(config, spec(&[]));
    assert_eq!(ask(&host, json!({"a": 1})).await, json!({"a": 1}));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(host.trouble(), None, "it is over");
}

#[tokio::test]
async fn requests_wait_for_the_instance_that_there_is() {
    let (config, asked) = short_of(rustix::io::Errno::AGAIN.raw_os_error(), 1, usize::MAX);
    let host = host(config, spec(&[]));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let event = json!({"do": "wait", "address": listener.local_addr().expect("an address").to_string()});
    let first = tokio::spawn({
        let host = host.clone();
        async move { ask(&host, event).await }
    });
    let held = listener.accept().await.expect("an instance at work");
    let second = tokio::spawn({
        let host = host.clone();
        async move { ask(&host, json!({"second": true})).await }
    });
    // another start is refused before the first request has its answer
    while asked.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    drop(held);
    assert_eq!(first.await.expect("joins"), json!("waited"));
    assert_eq!(second.await.expect("joins"), json!({"second": true}));
    assert_eq!(load(&host).await, (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_queue_are_refused_at_once() {
    let (config, _) = short_of(rustix::io::Errno::NOMEM.raw_os_error(), 0, usize::MAX);
    let host = host(
        HostConfig {
            max_queued: 2,
            ..config
        },
        spec(&[]),
    );
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let host = host.clone();
        calls.spawn(async move {
            let began = Instant::now();
            let refused = host.invoke("f", Invocation::new("{}")).await;
            (began.elapsed().as_secs(), refused)
        });
    }
    let mut waited = Vec::new();
    while let Some(call) = calls.join_next().await {
        let (seconds, refused) = call.expect("joins");
        assert_eq!(refused, Err(THROTTLED));
        waited.push(seconds);
    }
    assert_eq!(waited, [0, 0, 0, 4, 4]);
    assert_eq!(
        host.trouble()
            .map(|trouble| trouble.starts_with("functions cannot be started")),
        Some(true)
    );
}
