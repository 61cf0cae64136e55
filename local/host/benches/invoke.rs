//! Invocations a second with 1, 8 and 32 callers, beside the floor: a server that does nothing but
//! say what the Runtime API must say to one warm process. Run with `cargo bench -p sluice-host`.
//!
//! The benchmark is its own function: started with a Runtime API in its environment, it serves.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use sluice_host::{FunctionSpec, Host, HostConfig, Invocation};

const PAYLOAD: &[u8] = br#"{"field":"email","value":"rishabh@gmail.com"}"#;
const MEASURE: Duration = Duration::from_secs(3);

fn main() -> Result<(), Error> {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async {
                Ok::<_, Error>(event.payload)
            })));
    }
    let floor = floor()?;
    println!(
        "floor, 1 caller: {floor:.0} invocations a second, {:.0} µs each",
        1e6 / floor
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for callers in [1, 8, 32] {
        let (rate, instances) = runtime.block_on(host(callers))?;
        println!(
            "{callers} callers: {rate:.0} a second, {:.2} of the floor, {instances} instances",
            rate / floor
        );
    }
    Ok(())
}

async fn host(callers: usize) -> Result<(f64, usize), Error> {
    let host = Host::new(HostConfig::default())?;
    let spec = FunctionSpec::new(
        "echo",
        "arn:aws:lambda:us-east-1:000000000000:function:echo",
        std::env::current_exe()?,
    );
    host.add_function(spec)?;
    host.invoke("echo", Invocation::new(PAYLOAD)).await?;
    let done = std::sync::Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (host, done) = (host.clone(), done.clone());
        tasks.spawn(async move {
            while start.elapsed() < MEASURE {
                let output = host.invoke("echo", Invocation::new(PAYLOAD)).await?;
                assert_eq!(&output.payload[..], PAYLOAD, "an echo");
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, sluice_host::InvokeError>(())
        });
    }
    while let Some(joined) = tasks.join_next().await {
        joined??;
    }
    let rate = done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    let instances = host.load("echo").map_or(0, |load| load.instances);
    host.shutdown(Duration::from_secs(1)).await;
    Ok((rate, instances))
}

/// One blocking thread, one connection, fixed answers.
fn floor() -> Result<f64, Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut child = Command::new(std::env::current_exe()?)
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "echo")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .stdin(Stdio::null())
        .spawn()?;
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let next = [
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nlambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\nlambda-runtime-deadline-ms: 9999999999999\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:echo\r\nlambda-runtime-trace-id: Root=1-0-0\r\n\r\n",
            PAYLOAD.len()
        )
        .as_bytes(),
        PAYLOAD,
    ]
    .concat();
    let mut count = 0_u32;
    let start = Instant::now();
    while start.elapsed() < MEASURE {
        request(&mut stream)?;
        stream.write_all(&next)?;
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        count += 1;
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    child.kill()?;
    child.wait()?;
    Ok(rate)
}

/// Reads one request with its body.
fn request(stream: &mut TcpStream) -> Result<(), Error> {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err("the function has closed its connection".into());
        }
        seen.extend_from_slice(&buffer[..count]);
        let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&seen[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(Ok(0), |n| n.trim().parse::<usize>())?;
        if seen.len() >= end + 4 + length {
            return Ok(());
        }
    }
}
