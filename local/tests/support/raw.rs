//! HTTP as bytes: for requests that no client library would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
}

/// Sends `METHOD target HTTP/1.1` with `headers` and `body` to the server of `url` (http or https), on a connection of its
/// own.
pub fn send(url: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let authority = rest.split('/').next().expect("a host");
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n").into_bytes();
    if !body.is_empty() || matches!(method, "PUT" | "POST") {
        request.extend(format!("content-length: {}\r\n", body.len()).bytes());
    }
    for (name, value) in headers {
        request.extend(format!("{name}: {value}\r\n").bytes());
    }
    request.extend(b"\r\n");
    request.extend(body);
    let answer = match scheme {
        "http" => plain(authority, request),
        "https" => encrypted(authority, &request),
        other => panic!("{url}: {other} is not spoken here"),
    };
    let answer = answer.unwrap_or_else(|e| panic!("{method} {}: no answer: {e}", &target[..target.len().min(100)]));
    parse(&answer)
}

/// Sends bytes as they are to the server of an http URL.
pub fn exchange(url: &str, request: &[u8]) -> Answer {
    let answer = plain(authority(url), request.to_vec());
    parse(&answer.unwrap_or_else(|e| panic!("no answer: {e}")))
}

/// Sends bytes and then shuts the writing side, as a client does that has nothing more to say.
pub fn exchange_half_closed(url: &str, request: &[u8]) -> Answer {
    let mut stream = connect(authority(url), 80).expect("connects");
    stream.write_all(request).expect("sends");
    stream.shutdown(std::net::Shutdown::Write).expect("shuts");
    parse(&read_all(stream).expect("an answer"))
}

/// `HOST:PORT` of an http URL.
pub fn authority(url: &str) -> &str {
    let rest = url.strip_prefix("http://").expect("an http URL");
    rest.split('/').next().expect("a host")
}

fn connect(authority: &str, port: u16) -> std::io::Result<TcpStream> {
    let stream = match authority.contains(':') {
        true => TcpStream::connect(authority)?,
        false => TcpStream::connect((authority, port))?,
    };
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}

fn plain(authority: &str, request: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let stream = connect(authority, 80)?;
    let mut writing = stream.try_clone()?;
    // a server may refuse a body before it has read it: the answer counts, not the broken pipe
    let writer = std::thread::spawn(move || {
        let _ = writing.write_all(&request);
    });
    let answer = read_all(stream);
    writer.join().expect("the writer ends");
    answer
}

/// Trusts whom this machine trusts (`SSL_CERT_FILE` as well).
fn encrypted(authority: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let name = ServerName::try_from(host.to_owned()).expect("a host's name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let mut stream = StreamOwned::new(session, connect(authority, 443)?);
    // as above: the answer counts
    let _ = stream.write_all(request).and_then(|()| stream.flush());
    read_all(stream)
}

fn read_all(mut stream: impl Read) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut chunk = [0; 16384];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(answer),
            Ok(n) => answer.extend_from_slice(&chunk[..n]),
            // reset after the answer: the rest of the request was not wanted
            Err(error) if !answer.is_empty() => {
                assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "the answer never ended");
                return Ok(answer);
            }
            Err(error) => return Err(error),
        }
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|l| l.split(' ').nth(1))
        .and_then(|s| s.parse().ok())
        .expect("a status");
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(n, v)| n == "transfer-encoding" && v == "chunked");
    let body = &bytes[end + 4..];
    let body = if chunked { dechunk(body) } else { body.to_vec() };
    Answer {
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&rest[..line]).trim(), 16).expect("a chunk size");
        let from = line + 2;
        if size == 0 || from + size > rest.len() {
            break;
        }
        body.extend_from_slice(&rest[from..from + size]);
        rest = &rest[from + size + 2..];
    }
    body
}
