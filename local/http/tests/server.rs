//! A listener, spoken to as clients speak, and as they should not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode};
use sluice_http::{Connection, ConnectionSlots, Limits, ReadError, RequestBody, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

type Reply = Response<Full<Bytes>>;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    /// Lets the requests for `/wait` and `/poll` go on.
    go_on: Arc<Notify>,
    /// Told when one of them is at work, and when one was given up.
    at_work: Arc<Notify>,
    given_up: Arc<Notify>,
}

struct GivenUp(Arc<Notify>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn start(limits: Limits, places: usize) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let [go_on, at_work, given_up]: [Arc<Notify>; 3] = Default::default();
    let notes = [&go_on, &at_work, &given_up].map(Arc::clone);
    let accepted = move |_: SocketAddr, connection: &Arc<Connection>| {
        let (connection, notes) = (Arc::clone(connection), notes.clone());
        move |request| {
            let (connection, notes) = (Arc::clone(&connection), notes.clone());
            async move { answer(request, &connection, notes).await }
        }
    };
    let server = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        serve(listener, limits, ConnectionSlots::new(places), accepted, stop).await;
    });
    Served {
        address,
        stop,
        server,
        go_on,
        at_work,
        given_up,
    }
}

async fn answer(request: Request<RequestBody>, connection: &Connection, notes: [Arc<Notify>; 3]) -> Reply {
    let [go_on, at_work, given_up] = notes;
    let path = request.uri().path().to_owned();
    let (status, text) = match path.as_str() {
        "/wait" | "/poll" => {
            if path == "/poll" {
                connection.follow_peer();
            }
            let guard = GivenUp(given_up);
            at_work.notify_one();
            go_on.notified().await;
            std::mem::forget(guard);
            (StatusCode::OK, path)
        }
        "/body" => match request.into_body().collect().await {
            Ok(body) => (StatusCode::OK, body.to_bytes().len().to_string()),
            Err(ReadError::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "slow".to_owned()),
            Err(ReadError::Broken(_)) => (StatusCode::BAD_REQUEST, "broken".to_owned()),
        },
        // whoever refuses does not read
        "/refuse" => (StatusCode::FORBIDDEN, "no".to_owned()),
        _ => (StatusCode::OK, path),
    };
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    *reply.status_mut() = status;
    reply
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connects")
    }

    /// Sends bytes and reads until the server closes.
    async fn exchange(&self, request: &[u8]) -> String {
        let stream = self.connect().await;
        let (mut reading, mut writing) = stream.into_split();
        let request = request.to_vec();
        let sending = tokio::spawn(async move {
            let _ = writing.write_all(&request).await;
            writing
        });
        let answer = rest(&mut reading).await;
        drop(sending);
        answer
    }
}

/// Reads to the end of the stream. A reset is a fault: the answer before it may be lost.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("no reset");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer of a connection that stays open; its body ends with `end`.
async fn one(stream: &mut TcpStream, end: &str) -> String {
    let mut answer = String::new();
    while !(answer.contains("\r\n\r\n") && answer.ends_with(end)) {
        let mut chunk = [0; 1024];
        let count = stream.read(&mut chunk).await.expect("no reset");
        assert_ne!(count, 0, "closed after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    answer
}

fn short() -> Limits {
    Limits {
        head: Duration::from_millis(40),
        idle: Duration::from_millis(40),
        ..Limits::default()
    }
}

const HOUR: Duration = Duration::from_secs(3600);

fn check(answer: &str, status: &str, parts: &[&str]) {
    let lower = answer.to_ascii_lowercase();
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")) || answer.starts_with(&format!("HTTP/1.0 {status}")),
        "{answer}"
    );
    for part in parts {
        assert!(lower.contains(part), "{part:?} in {answer}");
    }
}

#[tokio::test]
async fn what_clients_may_send_is_answered() {
    let served = start(Limits::default(), 8).await;
    let body = "x".repeat(1000);
    for (request, status, parts) in [
        ("GET /a HTTP/1.0\r\n\r\n".to_owned(), "200", &["/a"][..]),
        (
            "GET http://a.example/abs HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n".to_owned(),
            "200",
            &["/abs"],
        ),
        (
            "GET /one HTTP/1.1\r\nhost: a\r\n\r\nGET /two HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_owned(),
            "200",
            &["/one", "/two"],
        ),
        (
            format!(
                "POST /body HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n{body}"
            ),
            "100",
            &["200 ok", "\r\n1000"],
        ),
        ("GARBAGE\r\n\r\n".to_owned(), "400", &["connection: close"]),
    ] {
        check(&served.exchange(request.as_bytes()).await, status, parts);
    }
}

#[tokio::test]
async fn a_client_that_shuts_its_side_gets_its_answer() {
    let served = start(Limits::default(), 8).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sends");
    stream.shutdown().await.expect("shuts");
    served.at_work.notified().await;
    served.go_on.notify_one();
    check(&rest(&mut stream).await, "200", &["/wait"]);
}

#[tokio::test]
async fn a_long_poll_of_a_client_that_has_gone_is_given_up() {
    let served = start(Limits::default(), 8).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /poll HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sends");
    served.at_work.notified().await;
    drop(stream);
    served.given_up.notified().await;
}

#[tokio::test]
async fn heads_bodies_and_idle_times_end() {
    for first in ["", "GET / HTTP/1.1\r\nhost: a\r\n"] {
        let served = start(Limits { idle: HOUR, ..short() }, 8).await;
        let mut stream = served.connect().await;
        stream.write_all(first.as_bytes()).await.expect("sends");
        // a connection that is dropped with bytes unread is reset
        let mut nothing = Vec::new();
        let _ = stream.read_to_end(&mut nothing).await;
        assert!(nothing.is_empty(), "{first:?}");
    }
    let served = start(
        Limits {
            head: Duration::from_millis(40),
            idle: Duration::ZERO,
            ..Limits::default()
        },
        8,
    )
    .await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sends");
    check(&rest(&mut stream).await, "200", &["/a"]);
    for limits in [
        Limits {
            stall: Duration::from_millis(20),
            ..Limits::default()
        },
        Limits {
            body: Duration::from_millis(20),
            ..Limits::default()
        },
    ] {
        let served = start(limits, 8).await;
        let request = b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12345";
        check(&served.exchange(request).await, "408", &["connection: close", "slow"]);
    }
}

#[tokio::test]
async fn a_refusal_is_read_whatever_the_client_still_sends() {
    let served = start(Limits::default(), 8).await;
    for length in [10, 3_000, 100_000, 5_000_000] {
        let mut stream = served.connect().await;
        let head = format!("POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("sends");
        stream.write_all(&vec![b'x'; length]).await.expect("sends");
        check(&one(&mut stream, "no").await, "403", &[]);
        // and the connection serves on
        stream
            .write_all(b"GET /next HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .expect("sends");
        check(&one(&mut stream, "/next").await, "200", &[]);
    }
    // more than is worth reading
    let head = format!(
        "POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n",
        1_u64 << 40
    );
    let request = [head.as_bytes(), &vec![b'x'; 1_000_000]].concat();
    check(&served.exchange(&request).await, "403", &["connection: close"]);
    // a head that is too large
    let request = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(400_000));
    check(
        &served.exchange(request.as_bytes()).await,
        "431",
        &["connection: close"],
    );
    // one that waits to be told to go on is told no
    let request = b"POST /refuse HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    check(&served.exchange(request).await, "403", &["connection: close"]);
}

#[tokio::test]
async fn the_one_idle_longest_makes_room() {
    let served = start(Limits::default(), 3).await;
    let mut silent = Vec::new();
    for _ in 0..6 {
        silent.push(served.connect().await);
        let request = b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let mut answer = served.exchange(request).await;
        // what has just come is not closed before it was looked at
        while answer.starts_with("HTTP/1.1 503") {
            answer = served.exchange(request).await;
        }
        check(&answer, "200", &["/a"]);
    }
    assert_eq!(rest(&mut silent[0]).await, "", "the first one was closed");
}

#[tokio::test]
async fn whoever_makes_room_within_a_request_is_told() {
    let served = start(Limits::default(), 1).await;
    let mut slow = served.connect().await;
    slow.write_all(b"GET /a HTTP/1.1\r\nhost").await.expect("sends");
    let request = b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    while served.exchange(request).await.starts_with("HTTP/1.1 503") {}
    check(&rest(&mut slow).await, "503", &["retry-after: ", "connection: close"]);
}

#[tokio::test]
async fn when_all_are_at_work_a_new_one_is_told_to_come_back() {
    let served = start(Limits::default(), 2).await;
    let mut working = Vec::new();
    for _ in 0..2 {
        let mut stream = served.connect().await;
        stream
            .write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await
            .expect("sends");
        served.at_work.notified().await;
        working.push(stream);
    }
    let request = [
        b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n".as_slice(),
        &[b'x'; 100_000],
    ]
    .concat();
    check(
        &served.exchange(&request).await,
        "503",
        &["retry-after: 6", "connection: close", "too many connections"],
    );
    for stream in &mut working {
        served.go_on.notify_one();
        check(&rest(stream).await, "200", &["/wait"]);
    }
    check(&served.exchange(b"GET /a HTTP/1.0\r\n\r\n").await, "200", &["/a"]);
}

#[tokio::test]
async fn a_stop_lets_what_runs_end_and_closes_the_rest() {
    let served = start(
        Limits {
            grace: HOUR,
            ..Limits::default()
        },
        8,
    )
    .await;
    let (mut silent, mut idle, mut working) = (served.connect().await, served.connect().await, served.connect().await);
    idle.write_all(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sends");
    one(&mut idle, "/a").await;
    working
        .write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sends");
    served.at_work.notified().await;
    served.stop.send(()).expect("it runs");
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut idle).await, "");
    served.go_on.notify_one();
    check(&rest(&mut working).await, "200", &["connection: close", "/wait"]);
    drop(working);
    served.server.await.expect("ends");
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn known_peers_are_heard_out() {
    let served = start(Limits::patient(), 8).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sends");
    one(&mut stream, "/a").await;
    served.stop.send(()).expect("it runs");
    stream
        .write_all(b"GET /last HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sends");
    check(&one(&mut stream, "/last").await, "200", &[]);
    drop(stream);
    served.server.await.expect("ends");
}

#[tokio::test]
async fn also_many_at_once_are_told_that_there_is_no_place() {
    let served = start(Limits::default(), 1).await;
    let mut working = served.connect().await;
    working
        .write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .expect("sends");
    served.at_work.notified().await;
    let mut refused = Vec::new();
    for _ in 0..100 {
        refused.push(served.connect().await);
    }
    // they stay open: those that are given time to read use it up
    for stream in refused.iter_mut().rev() {
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.expect("an answer");
        assert_eq!(&start, b"HTTP/1.1 503");
    }
    served.go_on.notify_one();
    check(&rest(&mut working).await, "200", &["/wait"]);
}
