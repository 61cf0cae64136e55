//! A function behind its URL, spoken to as clients speak: whole and broken HTTP.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use common::{config, example, host, spec};
use serde_json::{Value, json};
use sluice_host::{AuthType, Cors, FunctionSpec, Host, HostConfig, UrlSpec};
use sluice_http::{ConnectionSlots, HostGuard, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// The URL of `f`, which answers its event unless the event's query says otherwise.
async fn serve(host: &Host, auth_type: AuthType, cors: Option<Cors>) -> Served {
    serve_on("127.0.0.1:0", host, auth_type, cors).await
}

async fn serve_on(address: &str, host: &Host, auth_type: AuthType, cors: Option<Cors>) -> Served {
    let listener = TcpListener::bind(address).await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let spec = UrlSpec {
        listener,
        function: "f".into(),
        url_id: "abc".into(),
        auth_type,
        cors,
        hosts: HostGuard::new(address).also(["x".to_owned()]),
        limits: Limits::default(),
        slots: ConnectionSlots::new(64),
        now: Arc::new(|| 1_673_437_534_837),
        region: "eu-west-1".into(),
        account_id: "123456789012".into(),
    };
    let (stop, stopped) = oneshot::channel();
    let host = host.clone();
    let server = tokio::spawn(async move {
        host.serve_url(spec, async {
            let _ = stopped.await;
        })
        .await
    });
    Served { address, stop, server }
}

fn echo() -> Host {
    host(config(), spec(&[]))
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends bytes and reads until the server closes the connection.
async fn exchange(served: &Served, request: &[u8]) -> Answer {
    let stream = TcpStream::connect(served.address).await.expect("connects");
    let (mut reading, mut writing) = stream.into_split();
    let request = request.to_vec();
    let sent = tokio::spawn(async move {
        // The server may have seen enough before everything is sent.
        let _ = writing.write_all(&request).await;
        writing
    });
    let mut bytes = Vec::new();
    let _ = reading.read_to_end(&mut bytes).await;
    drop(sent);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    Answer {
        status,
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

async fn get(served: &Served, target: &str, headers: &str) -> Answer {
    exchange(
        served,
        format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n").as_bytes(),
    )
    .await
}

#[tokio::test]
async fn a_request_reaches_the_function_as_an_event() {
    let (host, body) = (echo(), r#"{"user_name":"Rishabh"}"#);
    let served = serve(&host, AuthType::None, None).await;
    let request = format!(
        "PUT /a%20b?x=1&x=2&bad=%zz HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(&served, request.as_bytes()).await;
    let event = answer.json();
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/json") && answer.head.contains("x-amzn-requestid: "));
    for (pointer, expected) in [
        ("/rawPath", json!("/a%20b")),
        ("/rawQueryString", json!("x=1&x=2&bad=%zz")),
        ("/queryStringParameters", json!({"x": "1,2", "bad": "%zz"})),
        ("/requestContext/http/method", json!("PUT")),
        ("/requestContext/http/sourceIp", json!("127.0.0.1")),
        ("/requestContext/timeEpoch", json!(1_673_437_534_837_u64)),
        ("/requestContext/domainName", json!("abc.lambda-url.eu-west-1.on.aws")),
        ("/headers/x-forwarded-port", json!(served.address.port().to_string())),
        ("/body", json!(body)),
    ] {
        assert_eq!(event.pointer(pointer), Some(&expected), "{pointer}");
    }
}

#[tokio::test]
async fn the_official_runtime_answers_through_a_url() {
    let host = host(config(), FunctionSpec::new("f", common::ARN, example("lambda")));
    let served = serve(&host, AuthType::None, None).await;
    assert_eq!(get(&served, "/x", "").await.json()["rawPath"], json!("/x"));
}

#[tokio::test]
async fn what_is_too_much_is_refused_with_a_status() {
    let host = echo();
    let served = serve(&host, AuthType::None, None).await;
    let too_large = json!({"Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"});
    for (size, headers, status) in [
        (6_291_457, "", 413),
        (7_340_032, "", 413),
        (6_291_456, "", 413), // The event around it is what counts.
        (5_000_000, "", 413), // In base64 it is larger.
        (5_000_000, "content-type: text/plain\r\n", 200),
    ] {
        let head =
            format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {size}\r\n\r\n");
        let answer = exchange(&served, &[head.as_bytes(), &vec![b'x'; size]].concat()).await;
        assert_eq!(answer.status, status, "{size} {headers}");
        if status == 413 {
            assert_eq!(answer.json(), too_large, "{size}");
        }
    }
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_eq!(get(&served, "/", &many).await.status, 431);
    assert_eq!(get(&served, &format!("/?{}", "a".repeat(70_000)), "").await.status, 414);
    let parameters: String = (0..7_000).map(|n| format!("p{n}=1&")).collect();
    let event = get(&served, &format!("/?{parameters}"), "").await.json();
    assert_eq!(
        event["queryStringParameters"].as_object().map(serde_json::Map::len),
        Some(7_000)
    );
}

#[tokio::test]
async fn broken_requests_get_a_client_error() {
    let host = echo();
    let served = serve(&host, AuthType::None, None).await;
    for request in [
        &b"NONSENSE\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
    ] {
        let answer = exchange(&served, request).await;
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(request));
    }
}

#[tokio::test]
async fn a_client_may_ask_before_it_sends() {
    let host = echo();
    let served = serve(&host, AuthType::None, None).await;
    let head = |size: usize| {
        format!(
            "PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-type: text/plain\r\ncontent-length: {size}\r\n\r\n"
        )
    };
    let mut stream = TcpStream::connect(served.address).await.expect("connects");
    stream.write_all(head(2).as_bytes()).await.expect("sends the head");
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("is told to go on");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hi").await.expect("sends the body");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.expect("an answer");
    assert!(
        rest.starts_with("HTTP/1.1 200 OK") && rest.contains(r#""body":"hi""#),
        "{rest}"
    );
    assert_eq!(exchange(&served, head(7_000_000).as_bytes()).await.status, 413);
}

#[tokio::test]
async fn a_head_request_gets_no_body() {
    let host = echo();
    let served = serve(&host, AuthType::None, None).await;
    let answer = exchange(&served, b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[tokio::test]
async fn what_goes_wrong_behind_the_url_has_lambdas_status() {
    let served = async |spec: FunctionSpec| {
        let host = host(config(), spec);
        let served = serve(&host, AuthType::None, None).await;
        (get(&served, "/", "").await, host)
    };
    let (failed, _host) = served(spec(&[("INIT", "exit")])).await;
    assert_eq!((failed.status, failed.body.as_str()), (502, "Internal Server Error"));
    let (throttled, host) = served(FunctionSpec {
        reserved_concurrency: Some(0),
        ..spec(&[])
    })
    .await;
    assert_eq!(
        (throttled.status, throttled.json()),
        (429, json!({"Message": "Rate Exceeded."}))
    );
    let left = serve(&host, AuthType::None, None).await;
    host.remove_function("f").expect("removes");
    assert_eq!(get(&left, "/", "").await.status, 404);
}

#[tokio::test]
async fn a_url_with_iam_wants_a_signature() {
    let host = echo();
    let served = serve(&host, AuthType::AwsIam, None).await;
    let unsigned = get(&served, "/", "").await;
    assert_eq!(
        (unsigned.status, unsigned.json()),
        (403, json!({"Message": "Forbidden"}))
    );
    let signature = "authorization: AWS4-HMAC-SHA256 Credential=AKIAX/20261122/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00\r\n";
    let event = get(&served, "/", signature).await.json();
    assert_eq!(
        event.pointer("/requestContext/authorizer/iam/accessKey"),
        Some(&json!("AKIAX"))
    );
}

#[tokio::test]
async fn preflights_are_answered_without_the_function() {
    let host = host(
        config(),
        FunctionSpec {
            reserved_concurrency: Some(0),
            ..spec(&[])
        },
    );
    let cors = Cors {
        allow_origins: vec!["*".into()],
        allow_methods: vec!["PUT".into()],
        ..Cors::default()
    };
    let served = serve(&host, AuthType::None, Some(cors)).await;
    let request = "OPTIONS / HTTP/1.1\r\nhost: x\r\nconnection: close\r\norigin: https://a\r\naccess-control-request-method: PUT\r\n\r\n";
    let answer = exchange(&served, request.as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.head.contains("access-control-allow-methods: put"),
        "{}",
        answer.head
    );
    let plain = get(&served, "/", "origin: https://a\r\n").await;
    assert_eq!(plain.status, 429);
    assert!(
        plain.head.contains("access-control-allow-origin: *"),
        "errors too are for the page to read"
    );
}

#[tokio::test]
async fn a_connection_is_kept_and_the_server_stops_when_told() {
    let host = echo();
    // an address of its own: another test could be given the port as soon as it is free
    let served = serve_on("127.77.0.1:0", &host, AuthType::None, None).await;
    let mut stream = TcpStream::connect(served.address).await.expect("connects");
    for _ in 0..3 {
        stream
            .write_all(b"GET /kept HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sends");
        let mut seen = Vec::new();
        while !seen.ends_with(b"}") {
            assert!(
                stream.read_buf(&mut seen).await.expect("reads") > 0,
                "the connection stays open"
            );
        }
    }
    served.stop.send(()).expect("a running server");
    let stopped = tokio::time::timeout(Duration::from_secs(4), served.server)
        .await
        .expect("in time");
    stopped.expect("joins").expect("stops cleanly");
    assert_eq!(stream.read(&mut [0; 1]).await.expect("a closed connection"), 0);
    // Another test may just be starting a process, which has a copy of the listener between its fork and its exec.
    let refused = async { while TcpStream::connect(served.address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(4), refused)
        .await
        .expect("nobody listens any more");
}

#[tokio::test]
async fn a_url_that_cannot_call_its_function_says_when_to_come_back() {
    let host = host(
        HostConfig {
            max_wait: Duration::ZERO,
            may_start: Arc::new(|_| Err(rustix::io::Errno::MFILE.into())),
            ..config()
        },
        spec(&[]),
    );
    let served = serve(&host, AuthType::None, None).await;
    for _ in 0..3 {
        let answer = get(&served, "/", "").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (429, r#"{"Message":"Rate Exceeded."}"#)
        );
        let seconds = answer.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
        let seconds = seconds.and_then(|seconds| seconds.parse::<u32>().ok());
        assert!(
            seconds.is_some_and(|seconds| (2..=10).contains(&seconds)),
            "{}",
            answer.head
        );
    }
}
