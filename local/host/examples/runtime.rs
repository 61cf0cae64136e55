//! A runtime written by hand for the tests: it does what the event's `do` says, and starts as its
//! variable `INIT` says.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio, exit};
use std::time::Duration;

use serde_json::{Value, json};

const API: &str = "/2018-06-01/runtime";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API")?;
    match std::env::var("INIT").unwrap_or_default().as_str() {
        "exit" => exit(3),
        "hang" => std::thread::park(),
        "error" => {
            let error = json!({"errorType": "Init.NoTable", "errorMessage": "TABLE is not set"});
            Client::open(&address)?.send("POST", &format!("{API}/init/error"), error.to_string().as_bytes())?;
            exit(1);
        }
        "log" => say("starting"),
        _ => {}
    }
    let mut client = Client::open(&address)?;
    loop {
        let next = client.send("GET", &format!("{API}/invocation/next"), b"")?;
        let event: Value = serde_json::from_slice(&next.body).unwrap_or(Value::Null);
        let id = next.header("lambda-runtime-aws-request-id").to_owned();
        act(&mut client, &address, &id, &event, &next)?;
    }
}

/// A line on each of the two outputs, written at once.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
    let _ = writeln!(std::io::stderr(), "{line} (err)");
}

fn act(client: &mut Client, address: &str, id: &str, event: &Value, next: &Reply) -> Outcome<()> {
    let response = format!("{API}/invocation/{id}/response");
    let answer = match event["do"].as_str().unwrap_or("echo") {
        "exit" => {
            say("about to exit");
            exit(i32::try_from(event["code"].as_i64().unwrap_or(1))?)
        }
        "abort" => std::process::abort(),
        "hang" => loop {
            std::thread::park();
        },
        "log" => {
            for line in event["lines"].as_array().into_iter().flatten() {
                say(line.as_str().unwrap_or_default());
            }
            json!("logged")
        }
        "big" => json!("x".repeat(usize::try_from(event["size"].as_u64().unwrap_or(0))?)),
        "error" => {
            let error = json!({"errorType": "Handler.Refused", "errorMessage": "no"});
            client.send(
                "POST",
                &format!("{API}/invocation/{id}/error"),
                error.to_string().as_bytes(),
            )?;
            return Ok(());
        }
        "env" => std::env::vars()
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_iter()
            .collect(),
        "pid" => json!(std::process::id()),
        "headers" => next.headers.iter().cloned().collect(),
        "child" => json!(
            Command::new("/bin/sleep")
                .arg("1000")
                .stdin(Stdio::null())
                .spawn()?
                .id()
        ),
        "wait" => {
            // Until the test closes the connection.
            TcpStream::connect(event["address"].as_str().unwrap_or_default())?.read_to_end(&mut Vec::new())?;
            json!("waited")
        }
        "request" => {
            let (method, path) = (
                event["method"].as_str().unwrap_or("GET"),
                event["path"].as_str().unwrap_or("/"),
            );
            let reply = Client::open(address)?.send(method, path, b"{}")?;
            json!({"status": reply.status, "body": String::from_utf8_lossy(&reply.body)})
        }
        "stream" => {
            client.send_chunks(
                &response,
                &["{\"a\":", "1}"],
                event["trailers"].as_str().unwrap_or_default(),
            )?;
            return Ok(());
        }
        "last" => {
            client.send("POST", &response, b"\"goodbye\"")?;
            exit(0);
        }
        _ => event.clone(),
    };
    client.send("POST", &response, &serde_json::to_vec(&answer)?)?;
    Ok(())
}

struct Client {
    stream: BufReader<TcpStream>,
}

struct Reply {
    status: u16,
    headers: Vec<(String, Value)>,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .and_then(|(_, value)| value.as_str())
            .unwrap_or_default()
    }
}

impl Client {
    fn open(address: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(600)))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Outcome<Reply> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: runtime\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.reply()
    }

    fn send_chunks(&mut self, path: &str, chunks: &[&str], trailers: &str) -> Outcome<Reply> {
        let mut text = format!(
            "POST {path} HTTP/1.1\r\nhost: runtime\r\ntransfer-encoding: chunked\r\nlambda-runtime-function-response-mode: streaming\r\ntrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
        );
        for chunk in chunks {
            text.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
        }
        text.push_str(&format!("0\r\n{trailers}\r\n"));
        self.stream.get_mut().write_all(text.as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> Outcome<Reply> {
        let status = self.line()?.split(' ').nth(1).ok_or("no status")?.parse()?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_lowercase(), json!(value.trim())));
        }
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        reply
            .body
            .resize(reply.header("content-length").parse().unwrap_or(0), 0);
        self.stream.read_exact(&mut reply.body)?;
        Ok(reply)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err("the Runtime API has closed the connection".into());
        }
        Ok(line.trim_end().to_owned())
    }
}
