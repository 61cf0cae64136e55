//! A client that costs little: the load shares the processors with what it measures.
//!
//! One connection, kept open, one request at a time, nothing allocated that the answer does not need. The tests' client
//! resolves the name on a thread of its own for each request, which was a fifth of all the work in a run.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::error::BenchError;
use crate::support::credential;

/// The most headers in an answer.
const HEADERS: usize = 64;

/// A connection to one server.
pub(crate) struct Wire {
    stream: TcpStream,
    url: String,
    authority: String,
    path: String,
    /// The server closes the connection behind its last answer.
    over: bool,
    buffer: Vec<u8>,
}

/// The fields of an answer's head that a client needs.
#[derive(Debug, Clone, Copy)]
struct Head {
    status: u16,
    length: usize,
    body: Body,
    /// Nothing comes behind this answer.
    last: bool,
}

/// The way in which the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
}

impl Wire {
    /// Connects to the server of `url`, `http://HOST:PORT/PATH`.
    pub(crate) fn to(url: &str) -> Result<Self, BenchError> {
        let rest = url.trim_start_matches("http://");
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let stream = connect(authority).map_err(|source| BenchError::Unreachable {
            url: url.to_owned(),
            source,
        })?;
        Ok(Self {
            stream,
            url: url.to_owned(),
            authority: authority.to_owned(),
            path: path.to_owned(),
            over: false,
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Returns the address that it calls.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An operation of Step Functions: its answer, which must be a success.
    pub(crate) fn states(&mut self, operation: &str, body: &Value) -> Result<Value, BenchError> {
        self.aws("states", "AWSStepFunctions", operation, body)
    }

    /// An operation of DynamoDB: its answer, which must be a success.
    pub(crate) fn tables(&mut self, operation: &str, body: &Value) -> Result<Value, BenchError> {
        self.aws("dynamodb", "DynamoDB_20120810", operation, body)
    }

    fn aws(&mut self, service: &str, target: &str, operation: &str, body: &Value) -> Result<Value, BenchError> {
        let headers = format!(
            "content-type: application/x-amz-json-1.0\r\nx-amz-target: {target}.{operation}\r\n\
             x-amz-date: 20260101T000000Z\r\nauthorization: {}\r\n",
            credential(service)
        );
        let (status, answer) = self.send("POST", &headers, &body.to_string())?;
        let text = || String::from_utf8_lossy(&answer).into_owned();
        if status != 200 {
            return Err(BenchError::Answer {
                what: format!("{operation} was refused"),
                status,
                body: text(),
            });
        }
        serde_json::from_slice(&answer).map_err(|_| self.not_http(format!("{operation}: no JSON: {}", text())))
    }

    /// PUT of a JSON document.
    pub(crate) fn put_json(&mut self, body: &Value) -> Result<(u16, String), BenchError> {
        let headers = "content-type: application/json\r\naccept: application/json\r\n";
        let (status, answer) = self.send("PUT", headers, &body.to_string())?;
        Ok((status, String::from_utf8_lossy(&answer).into_owned()))
    }

    fn send(&mut self, method: &str, headers: &str, body: &str) -> Result<(u16, Vec<u8>), BenchError> {
        if std::mem::take(&mut self.over) {
            self.stream = connect(&self.authority).map_err(|source| self.interrupted(source))?;
        }
        self.buffer.clear();
        let length = body.len();
        let written = write!(
            self.buffer,
            "{method} {} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {length}\r\n\r\n{body}",
            self.path, self.authority
        );
        written
            .and_then(|()| self.stream.write_all(&self.buffer))
            .map_err(|source| self.interrupted(source))?;
        self.buffer.clear();
        let head = loop {
            match head_of(&self.buffer) {
                Ok(Some(found)) => break found,
                Ok(None) => self.fill()?,
                Err(what) => return Err(self.not_http(what)),
            }
        };
        self.over = head.last;
        let body = match head.body {
            Body::Length(length) => {
                let end = head.length + length;
                while self.buffer.len() < end {
                    self.fill()?;
                }
                self.buffer[head.length..end].to_vec()
            }
            Body::Chunked => self.chunks(head.length)?,
        };
        Ok((head.status, body))
    }

    /// A body in chunks, which begins `at` there in the buffer.
    fn chunks(&mut self, mut at: usize) -> Result<Vec<u8>, BenchError> {
        let mut body = Vec::new();
        loop {
            let (start, size) = match httparse::parse_chunk_size(&self.buffer[at..]) {
                Ok(httparse::Status::Complete((skip, size))) => {
                    (at + skip, usize::try_from(size).unwrap_or(usize::MAX))
                }
                Ok(httparse::Status::Partial) => {
                    self.fill()?;
                    continue;
                }
                Err(error) => return Err(self.not_http(error.to_string())),
            };
            // behind each chunk, and behind the last, empty one, is the end of a line
            let end = start.saturating_add(size).saturating_add(2);
            while self.buffer.len() < end {
                self.fill()?;
            }
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&self.buffer[start..start + size]);
            at = end;
        }
    }

    fn fill(&mut self) -> Result<(), BenchError> {
        let mut chunk = [0; 8 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(self.interrupted(ErrorKind::UnexpectedEof.into())),
            Ok(read) => {
                self.buffer.extend_from_slice(&chunk[..read]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(self.interrupted(error)),
        }
    }

    fn interrupted(&self, source: std::io::Error) -> BenchError {
        BenchError::Interrupted {
            url: self.url.clone(),
            source,
        }
    }

    fn not_http(&self, what: String) -> BenchError {
        BenchError::NotHttp {
            url: self.url.clone(),
            what,
        }
    }
}

fn connect(authority: &str) -> std::io::Result<TcpStream> {
    let stream = match authority.contains(':') {
        true => TcpStream::connect(authority)?,
        false => TcpStream::connect((authority, 80))?,
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads the head of an answer, once it is whole.
fn head_of(bytes: &[u8]) -> Result<Option<Head>, String> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = answer.parse(bytes).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let status = answer.code.unwrap_or_default();
    let body = match body_of(answer.headers)? {
        Some(body) => body,
        None if matches!(status, 204 | 304) => Body::Length(0),
        None => return Err("an answer tells neither its length nor that it comes in chunks".to_owned()),
    };
    let connection = value_of(answer.headers, "connection").unwrap_or_default();
    let last = match answer.version {
        Some(0) => !connection.eq_ignore_ascii_case(b"keep-alive"),
        _ => connection.eq_ignore_ascii_case(b"close"),
    };
    Ok(Some(Head {
        status,
        length,
        body,
        last,
    }))
}

/// The length of a request, once its head is whole; one that tells no length has no body.
pub(crate) fn length_of_request(bytes: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = request.parse(bytes) else {
        return None;
    };
    match body_of(request.headers) {
        Ok(Some(Body::Length(length))) => Some(head + length),
        _ => Some(head),
    }
}

fn value_of<'h>(headers: &[httparse::Header<'h>], name: &str) -> Option<&'h [u8]> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    found.map(|header| header.value.trim_ascii())
}

fn body_of(headers: &[httparse::Header<'_>]) -> Result<Option<Body>, String> {
    if value_of(headers, "transfer-encoding").is_some() {
        return Ok(Some(Body::Chunked));
    }
    let Some(length) = value_of(headers, "content-length") else {
        return Ok(None);
    };
    let number = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
    number
        .map(Body::Length)
        .map(Some)
        .ok_or_else(|| "its content-length is no number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Checks the answer that a client reads from some bytes.
    fn check(answer: &'static str, expected: Option<(u16, &str)>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/there", listener.local_addr().expect("an address"));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let (mut received, mut chunk) = (Vec::new(), [0; 64]);
            while length_of_request(&received).is_none_or(|length| received.len() < length) {
                let read = stream.read(&mut chunk).expect("a request");
                received.extend_from_slice(&chunk[..read]);
            }
            // in two pieces
            let (first, second) = answer.as_bytes().split_at(answer.len() / 2);
            stream
                .write_all(first)
                .and_then(|()| stream.write_all(second))
                .expect("written");
            String::from_utf8(received).expect("text")
        });
        let answered = Wire::to(&url)
            .expect("connects")
            .put_json(&serde_json::json!({ "a": 1 }));
        let request = server.join().expect("no panic");
        assert!(
            request.starts_with("PUT /there HTTP/1.1\r\n") && request.ends_with("{\"a\":1}"),
            "{request}"
        );
        let expected = expected.map(|(status, body)| (status, body.to_owned()));
        assert_eq!(answered.ok(), expected, "{answer}");
    }

    #[test]
    fn answers_with_a_length_or_in_chunks_are_read_and_others_are_errors() {
        check(
            "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nbody",
            Some((201, "body")),
        );
        check("HTTP/1.1 204 No Content\r\n\r\n", Some((204, "")));
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n",
            Some((200, "body")),
        );
        check("HTTP/1.1 200 OK\r\n\r\nbody", None);
        check("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nbody", None);
        check("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody", None);
        check("no HTTP at all\r\n\r\n", None);
    }

    #[test]
    fn a_server_that_closes_behind_its_answer_is_connected_to_again() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let server = std::thread::spawn(move || {
            for head in ["HTTP/1.1 200 OK\r\nConnection: Close", "HTTP/1.0 200 OK"] {
                let (mut stream, _) = listener.accept().expect("a client");
                let _ = stream.read(&mut [0; 4_096]).expect("a request");
                let answer = format!("{head}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).expect("written");
            }
        });
        let mut wire = Wire::to(&url).expect("connects");
        for _ in 0..2 {
            assert_eq!(wire.put_json(&Value::Null).expect("answers"), (200, String::new()));
        }
        server.join().expect("no panic");
    }

    #[test]
    fn nobody_who_listens_is_an_error_that_names_the_url() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        drop(listener);
        let error = Wire::to(&url).map(|_| ()).expect_err("nobody listens").to_string();
        assert!(error.contains(&url) && error.contains("refused"), "{error}");
    }
}
