//! Only the process that was started speaks to the Runtime API.
#![cfg(target_os = "linux")]

mod common;

use common::{ask, config, host, invoke, spec};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

#[tokio::test]
async fn a_stranger_gets_no_event_and_gives_no_answer() {
    let host = host(config(), spec(&[]));
    let environment = ask(&host, json!({"do": "env"})).await;
    let address = environment["AWS_LAMBDA_RUNTIME_API"].as_str().expect("an address");
    let id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
    for (method, path) in [
        ("GET", NEXT.to_owned()),
        ("POST", format!("/2018-06-01/runtime/invocation/{id}/response")),
        ("POST", format!("/2018-06-01/runtime/invocation/{id}/error")),
        ("POST", "/2018-06-01/runtime/init/error".to_owned()),
        ("GET", "/".to_owned()),
    ] {
        for headers in [
            format!("host: {address}"),
            "host: evil.example".to_owned(),
            String::new(),
        ] {
            let mut stream = TcpStream::connect(address).await.expect("connects");
            let request = format!("{method} {path} HTTP/1.1\r\n{headers}\r\ncontent-length: 2\r\n\r\n{{}}");
            let request = request.replace("\r\n\r\ncontent", "\r\ncontent");
            stream.write_all(request.as_bytes()).await.expect("sends");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("no reset");
            assert!(
                answer.starts_with("HTTP/1.1 403"),
                "{method} {path} {headers}: {answer}"
            );
        }
    }
    assert_eq!(ask(&host, json!({"still": "there"})).await, json!({"still": "there"}));
}

#[tokio::test]
async fn what_a_page_makes_a_browser_send_is_refused_whoever_it_is() {
    let host = host(config(), spec(&[]));
    for (headers, status) in [
        ("", 403),
        ("origin: https://evil.example", 403),
        ("sec-fetch-site: cross-site", 403),
        ("host: evil.example", 403),
    ] {
        let event = json!({"do": "request", "path": NEXT, "headers": headers});
        let answer = ask(&host, event).await;
        assert_eq!(answer["status"], status, "{headers}: {answer}");
        let own = answer["body"]
            .as_str()
            .is_some_and(|body| body.contains("InvalidStateTransition"));
        assert_eq!(own, headers.is_empty(), "{headers}: {answer}");
    }
}

#[tokio::test]
async fn one_next_at_a_time() {
    let mut spec = spec(&[("INIT", "twice")]);
    // so that both ask before there is work
    spec.prewarm = 1;
    let host = host(config(), spec);
    let answer = invoke(&host, json!({})).await;
    let answer: serde_json::Value = serde_json::from_slice(&answer.payload).expect("JSON");
    assert_eq!((&answer[0], &answer[2]), (&json!(403), &json!(200)), "{answer}");
    assert!(
        answer[1]
            .as_str()
            .is_some_and(|body| body.contains("InvalidStateTransition")),
        "{answer}"
    );
    assert_eq!(ask(&host, json!([1])).await, json!([1]));
}
