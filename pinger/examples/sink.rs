//! A server that takes any submission in, to try `pinger` on:
//!
//! ```sh
//! cargo run --release -p sluice-pinger --example sink -- 127.0.0.1:8000
//! cargo run --release -p sluice-pinger -- --url http://127.0.0.1:8000/ --rate 2000 --duration 20s
//! ```
//!
//! A second argument is a delay before each answer (`5ms`); a third and a fourth make it stall: every `10s`, for `1s`.

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// The delays of the answers.
#[derive(Debug, Clone, Copy)]
struct Delays {
    origin: Instant,
    each: Duration,
    every: Duration,
    stall: Duration,
}

impl Delays {
    /// The time that an answer waits that could be given now: stalls end each whole period.
    fn now(&self) -> Duration {
        if self.stall.is_zero() || self.every.is_zero() {
            return self.each;
        }
        let phase = self.origin.elapsed().as_nanos() % self.every.as_nanos();
        let left = self.every.as_nanos() - phase;
        if left <= self.stall.as_nanos() {
            self.each + Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX))
        } else {
            self.each
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match serve(&arguments).await {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("sink: {error}; usage: sink ADDRESS:PORT [DELAY [EVERY STALL]]");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &[String]) -> Result<Infallible, Box<dyn std::error::Error>> {
    let address = arguments.first().ok_or("no address")?;
    let time = |place: usize| match arguments.get(place) {
        Some(text) => humantime::parse_duration(text),
        None => Ok(Duration::ZERO),
    };
    let delays = Delays {
        origin: Instant::now(),
        each: time(1)?,
        every: time(2)?,
        stall: time(3)?,
    };
    let listener = TcpListener::bind(address).await?;
    eprintln!("sink: http://{}/", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // Who hangs up is no error here.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service_fn(|request| answer(request, delays)))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>, delays: Delays) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let delay = delays.now();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut response = Response::new(Full::from("{\"status\":\"ingested\"}"));
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}
