//! An HTTP server that answers as the test says.
#![allow(dead_code, missing_docs, unreachable_pub)] // each test program uses its part

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A request whose body was read.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub uri: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
pub struct Seen {
    pub connections: usize,
    pub requests: Vec<Asked>,
}

pub struct Server {
    pub address: SocketAddr,
    pub seen: Arc<Mutex<Seen>>,
    pub task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers each request with the status and body that `answer` gives for it and its number; `None` drops the
    /// connection instead.
    pub async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(usize, Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Option<(u16, String)>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let answer = Arc::new(answer);
        let known = seen.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                known.lock().unwrap().connections += 1;
                let (seen, answer) = (known.clone(), answer.clone());
                connections.spawn(async move {
                    let service = service_fn(|request| respond(request, seen.clone(), answer.clone()));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Server { address, seen, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn requests(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().requests.clone()
    }
}

async fn respond<F, A>(
    request: Request<Incoming>,
    seen: Arc<Mutex<Seen>>,
    answer: Arc<F>,
) -> Result<Response<Full<Bytes>>, &'static str>
where
    F: Fn(usize, Asked) -> A,
    A: Future<Output = Option<(u16, String)>>,
{
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "no body")?.to_bytes();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let asked = Asked {
        method: head.method.to_string(),
        uri: head.uri.to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push(asked.clone());
        seen.requests.len() - 1
    };
    let (status, body) = answer(number, asked).await.ok_or("dropped")?;
    let response = Response::builder().status(status);
    Ok(response.body(Full::from(body)).expect("a status"))
}

/// A server that answers everything with `status`.
pub async fn always(status: u16) -> Server {
    Server::start(move |_, _| async move { Some((status, "{}".to_owned())) }).await
}
