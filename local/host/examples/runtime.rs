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
        "twice" => return ask_twice(&address),
        _ => {}
    }
    serve(Client::open(&address)?, &address)
}

/// Two connections ask for work at once; the one that is not refused goes on.
fn ask_twice(address: &str) -> Outcome<()> {
    let (replies, asked) = std::sync::mpsc::channel();
    for _ in 0..2 {
        let (mut client, replies) = (Client::open(address)?, replies.clone());
        std::thread::spawn(move || {
            if let Ok(reply) = client.send("GET", &format!("{API}/invocation/next"), b"") {
                let _ = replies.send((client, reply));
            }
        });
    }
    let mut replies = [asked.recv()?, asked.recv()?];
    replies.sort_by_key(|(_, reply)| std::cmp::Reverse(reply.status));
    let [(_, first), (mut client, second)] = replies;
    let id = second.header("lambda-runtime-aws-request-id").to_owned();
    let answer = json!([first.status, String::from_utf8_lossy(&first.body), second.status]);
    let path = format!("{API}/invocation/{id}/response");
    client.send("POST", &path, &serde_json::to_vec(&answer)?)?;
    serve(client, address)
}

fn serve(mut client: Client, address: &str) -> Outcome<()> {
    loop {
        let next = client.send("GET", &format!("{API}/invocation/next"), b"")?;
        let event: Value = serde_json::from_slice(&next.body).unwrap_or(Value::Null);
        let id = next.header("lambda-runtime-aws-request-id").to_owned();
        act(&mut client, address, &id, &event, &next)?;
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
        "daemon" => json!(daemon()?),
        "wait" => {
            // Until the test closes the connection.
            TcpStream::connect(event["address"].as_str().unwrap_or_default())?.read_to_end(&mut Vec::new())?;
            json!("waited")
        }
        "request" => request(address, event)?,
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

/// Starts what daemons are: a process in a session of its own, whose parent is gone. Returns its id.
fn daemon() -> Outcome<u32> {
    let script = "setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &";
    let mut shell = Command::new("/bin/sh")
        .args(["-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(shell.stdout.take().ok_or("piped")?).read_line(&mut line)?;
    shell.wait()?;
    Ok(line.trim().parse()?)
}

/// Makes a request of the event's on a connection of its own.
fn request(address: &str, event: &Value) -> Outcome<Value> {
    let text = |member: &str| event[member].as_str();
    let mut other = Client::open(address)?;
    match text("headers").unwrap_or_default() {
        "" => {}
        named if named.starts_with("host: ") => other.address = named[6..].to_owned(),
        more => other.address.push_str(&format!("\r\n{more}")),
    }
    let reply = other.send(text("method").unwrap_or("GET"), text("path").unwrap_or("/"), b"{}")?;
    Ok(json!({"status": reply.status, "body": String::from_utf8_lossy(&reply.body)}))
}

struct Client {
    address: String,
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
            address: address.to_owned(),
            stream: BufReader::new(stream),
        })
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Outcome<Reply> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.reply()
    }

    fn send_chunks(&mut self, path: &str, chunks: &[&str], trailers: &str) -> Outcome<Reply> {
        let mut text = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\nlambda-runtime-function-response-mode: streaming\r\ntrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n",
            self.address
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
