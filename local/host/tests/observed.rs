//! Tests of the reports that an observer gets.

mod common;

use std::sync::{Arc, Mutex};

use serde_json::json;
use sluice_host::{AuthType, FunctionSpec, HostConfig, Invocation, LoggedRecord, Observer, UrlResponse, UrlSpec};
use sluice_http::{ConnectionSlots, HostGuard, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use common::{config, host, invoke, spec};

/// One word each.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn tell(&self, what: String) {
        self.0.lock().expect("lock").push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("lock"))
    }
}

impl Observer for Told {
    fn logged(&self, logged: &LoggedRecord<'_>) {
        let record = logged.record;
        self.tell(format!(
            "{} {} {} of {}, {:?}",
            logged.function,
            record.status.as_str(),
            logged.in_flight,
            logged.all_in_flight,
            record.lines
        ));
    }

    fn throttled(&self, function: &str, at_ms: u64) {
        self.tell(format!("{function} throttled at {at_ms}"));
    }

    fn url_responded(&self, answered: &UrlResponse<'_>) {
        let UrlResponse {
            function,
            status,
            at_ms,
            ..
        } = answered;
        self.tell(format!("{function} answered {status} at {at_ms}"));
    }
}

#[tokio::test]
async fn invocations_are_told_before_they_are_answered() {
    let told = Arc::new(Told::default());
    let observed = || HostConfig {
        observer: told.clone(),
        now: Arc::new(|| 7),
        ..config()
    };
    let busy = host(observed(), spec(&[]));
    invoke(&busy, json!({"do": "log", "lines": ["one"]})).await;
    assert_eq!(told.take(), [r#"f success 1 of 1, ["one", "one (err)"]"#]);
    invoke(&busy, json!({"do": "exit"})).await;
    assert_eq!(
        told.take(),
        [r#"f failure 1 of 1, ["about to exit", "about to exit (err)"]"#]
    );
    let none = host(
        observed(),
        FunctionSpec {
            reserved_concurrency: Some(0),
            ..spec(&[])
        },
    );
    none.invoke("f", Invocation::new("{}")).await.expect_err("throttled");
    assert_eq!(told.take(), ["f throttled at 7"]);
}

#[tokio::test]
async fn answers_of_a_url_are_told_with_their_status() {
    let told = Arc::new(Told::default());
    let observed = HostConfig {
        observer: told.clone(),
        ..config()
    };
    let host = host(observed, spec(&[]));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let url = UrlSpec {
        listener,
        function: "f".into(),
        url_id: "abc".into(),
        auth_type: AuthType::AwsIam,
        cors: None,
        hosts: HostGuard::new(address).also(["x".to_owned()]),
        limits: Limits::default(),
        slots: ConnectionSlots::new(64),
        now: Arc::new(|| 7),
        region: "eu-west-1".into(),
        account_id: "123456789012".into(),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        host.serve_url(url, async {
            let _ = stopped.await;
        })
        .await
    });
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(told.take(), ["f answered 403 at 7"]);
    drop(stop);
    server.await.expect("joins").expect("stops");
}
