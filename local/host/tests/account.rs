//! The limits of an account.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{config, host, spec};
use serde_json::json;
use sluice_host::{AccountLimits, FunctionSpec, HostConfig, Invocation, InvokeError, ThrottleReason};
use tokio::net::TcpListener;

/// Three invocations at a time, of which reservations leave one; and so many in all.
struct Account(AtomicUsize);

impl AccountLimits for Account {
    fn concurrency(&self) -> usize {
        3
    }

    fn least_unreserved(&self) -> usize {
        1
    }

    fn admit(&self, _: &str, _: usize, _: u64) -> bool {
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

fn limited(invocations: usize) -> HostConfig {
    HostConfig {
        account: Some(Arc::new(Account(AtomicUsize::new(invocations)))),
        ..config()
    }
}

fn named(name: &str, reserved: Option<u32>) -> FunctionSpec {
    FunctionSpec {
        name: name.into(),
        reserved_concurrency: reserved,
        ..spec(&[])
    }
}

/// The number of invocations of `f` and `g` at the same time that are taken, while `h` has `reserved`.
async fn check(reserved: u32, taken: usize) {
    let host = host(limited(100), named("f", None));
    host.add_function(named("g", None)).expect("adds");
    host.add_function(named("h", Some(reserved))).expect("adds");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let event = json!({"do": "wait", "address": listener.local_addr().expect("an address").to_string()}).to_string();
    let (mut calls, mut held) = (Vec::new(), Vec::new());
    for name in ["f", "g", "f"].into_iter().take(taken) {
        let (host, event) = (host.clone(), event.clone());
        calls.push(tokio::spawn(
            async move { host.invoke(name, Invocation::new(event)).await },
        ));
        held.push(listener.accept().await.expect("an instance at work"));
    }
    for name in ["f", "g"] {
        let refused = InvokeError::TooManyRequests(ThrottleReason::ConcurrentInvocationLimitExceeded);
        assert_eq!(
            host.invoke(name, Invocation::new("{}")).await,
            Err(refused),
            "{name} {reserved}"
        );
    }
    drop(held);
    for call in calls {
        call.await.expect("joins").expect("it was taken");
    }
    host.invoke("g", Invocation::new("{}"))
        .await
        .expect("there is room again");
}

#[tokio::test]
async fn functions_share_what_is_not_reserved() {
    check(1, 2).await;
    check(2, 1).await;
    // a reservation that leaves too little is none
    check(3, 3).await;
}

#[tokio::test]
async fn requests_beyond_the_rate_are_throttled_and_told_apart() {
    let host = host(limited(1), named("f", None));
    host.add_function(named("h", Some(1))).expect("adds");
    host.invoke("f", Invocation::new("{}"))
        .await
        .expect("the one that is allowed");
    for (name, reason) in [
        ("f", ThrottleReason::FunctionInvocationRateLimitExceeded),
        ("h", ThrottleReason::ReservedFunctionInvocationRateLimitExceeded),
    ] {
        let refused = host.invoke(name, Invocation::new("{}")).await;
        assert_eq!(refused, Err(InvokeError::TooManyRequests(reason)));
    }
}
