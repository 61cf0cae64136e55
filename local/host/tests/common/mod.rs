//! The tests' common parts: hosts with a function that obeys its events.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use sluice_host::{FunctionSpec, Host, HostConfig, Invocation, InvokeOutput};

pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

/// An example of this crate, which `cargo test` builds before the tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("the test's own path");
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    assert!(
        path.is_file(),
        "{} is missing: build it with `cargo build --examples`",
        path.display()
    );
    path
}

pub(crate) fn spec(variables: &[(&str, &str)]) -> FunctionSpec {
    let mut spec = FunctionSpec::new("f", ARN, example("runtime"));
    spec.timeout = Duration::from_secs(60);
    spec.environment = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    spec
}

pub(crate) fn config() -> HostConfig {
    HostConfig {
        region: "eu-west-1".into(),
        ..HostConfig::default()
    }
}

/// A host with the function `f`.
pub(crate) fn host(config: HostConfig, spec: FunctionSpec) -> Host {
    let host = Host::new(config).expect("a host");
    host.add_function(spec).expect("a function");
    host
}

pub(crate) async fn invoke(host: &Host, event: Value) -> InvokeOutput {
    host.invoke("f", Invocation::new(event.to_string()))
        .await
        .expect("an answer")
}

/// The answer's payload as JSON.
pub(crate) async fn ask(host: &Host, event: Value) -> Value {
    let output = invoke(host, event).await;
    serde_json::from_slice(&output.payload).expect("JSON")
}

pub(crate) async fn pid(host: &Host) -> u64 {
    ask(host, json!({"do": "pid"})).await.as_u64().expect("a pid")
}
