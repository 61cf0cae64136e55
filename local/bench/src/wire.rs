//! A client that costs little: the load shares the processors with what it measures.
//!
//! One connection, kept open, one request at a time, nothing allocated that the answer does not need. The tests' client
//! resolves the name on a thread of its own for each request, which was a fifth of all the work in a run.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::credential;

/// The most headers in an answer.
const HEADERS: usize = 48;

/// A connection to one server.
pub(crate) struct Wire {
    stream: TcpStream,
    authority: String,
    buffer: Vec<u8>,
}

impl Wire {
    /// Connects to the server of `url`, `http://HOST:PORT/`.
    pub(crate) fn to(url: &str) -> Self {
        let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&authority).unwrap_or_else(|error| panic!("{url}: {error}"));
        stream.set_nodelay(true).expect("a socket");
        Self {
            stream,
            authority,
            buffer: Vec::with_capacity(16 * 1024),
        }
    }

    /// An operation of Step Functions: its answer, which must be a success.
    pub(crate) fn states(&mut self, operation: &str, body: &Value) -> Value {
        self.aws("states", "AWSStepFunctions", operation, body)
    }

    /// An operation of DynamoDB: its answer, which must be a success.
    pub(crate) fn tables(&mut self, operation: &str, body: &Value) -> Value {
        self.aws("dynamodb", "DynamoDB_20120810", operation, body)
    }

    fn aws(&mut self, service: &str, target: &str, operation: &str, body: &Value) -> Value {
        let headers = format!(
            "content-type: application/x-amz-json-1.0\r\nx-amz-target: {target}.{operation}\r\n\
             authorization: {}\r\n",
            credential(service)
        );
        let (status, answer) = self.send("POST", &headers, &body.to_string());
        assert_eq!(status, 200, "{operation}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).expect("JSON")
    }

    /// PUT of a JSON document on `/`.
    pub(crate) fn put_json(&mut self, body: &Value) -> (u16, String) {
        let headers = "content-type: application/json\r\naccept: application/json\r\n";
        let (status, answer) = self.send("PUT", headers, &body.to_string());
        (status, String::from_utf8_lossy(&answer).into_owned())
    }

    fn send(&mut self, method: &str, headers: &str, body: &str) -> (u16, Vec<u8>) {
        self.buffer.clear();
        let length = body.len();
        write!(
            self.buffer,
            "{method} / HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {length}\r\n\r\n{body}",
            self.authority
        )
        .expect("a buffer in memory");
        self.stream.write_all(&self.buffer).expect("a server");
        self.buffer.clear();
        let (status, head, length) = loop {
            if let Some(found) = head_of(&self.buffer) {
                break found;
            }
            self.fill();
        };
        while self.buffer.len() < head + length {
            self.fill();
        }
        (status, self.buffer[head..head + length].to_vec())
    }

    fn fill(&mut self) {
        let mut chunk = [0; 8 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => panic!("the server hung up"),
            Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

/// The status, the length of the head and that of the body, once the head is whole.
fn head_of(bytes: &[u8]) -> Option<(u16, usize, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes).expect("HTTP") else {
        return None;
    };
    let length = answer
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.expect("a content-length: the servers here know what they send");
    let length = std::str::from_utf8(length.value)
        .ok()
        .and_then(|text| text.parse().ok());
    Some((answer.code.expect("a status"), head, length.expect("a number")))
}
