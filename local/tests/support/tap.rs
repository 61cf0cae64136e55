//! A proxy between one function and the AWS endpoint, which lets something happen at the Nth request: the way to kill a process at
//! every step of what it does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The moment at which it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The request has not been sent on.
    Before,
    /// It was carried out, and its answer is not passed on.
    After,
}

struct Strike {
    at: usize,
    when: When,
    then: Box<dyn FnOnce() + Send>,
}

struct State {
    upstream: Mutex<String>,
    strike: Mutex<Option<Strike>>,
    seen: AtomicUsize,
}

/// The proxy. It lives until the end of the process.
#[derive(Clone)]
pub struct Tap {
    address: String,
    state: Arc<State>,
}

impl Tap {
    /// Listens on a free port.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new(State {
            upstream: Mutex::default(),
            strike: Mutex::default(),
            seen: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // whoever breaks off is what this is about
                std::thread::spawn(move || drop(state.serve(&connection)));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends on to this endpoint from now on.
    pub fn lead_to(&self, endpoint: &str) {
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
        host.clone_into(&mut self.state.upstream.lock().expect("lock"));
    }

    /// From now on counts requests, and does `then` at the one with the number `at`, from 1.
    pub fn strike(&self, at: usize, when: When, then: impl FnOnce() + Send + 'static) {
        self.state.seen.store(0, Ordering::SeqCst);
        let then = Box::new(then);
        *self.state.strike.lock().expect("lock") = Some(Strike { at, when, then });
    }

    /// Returns true if it has struck.
    pub fn has_struck(&self) -> bool {
        self.state.strike.lock().expect("lock").is_none()
    }

    /// Strikes no more; true if it has struck.
    pub fn disarm(&self) -> bool {
        self.state.strike.lock().expect("lock").take().is_none()
    }
}

impl State {
    /// One request for each connection: all clients connect again.
    fn serve(&self, client: &TcpStream) -> std::io::Result<()> {
        let request = read_message(client)?;
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let strike = {
            let mut strike = self.strike.lock().expect("lock");
            strike.take_if(|strike| strike.at == number)
        };
        match strike {
            Some(Strike {
                when: When::Before,
                then,
                ..
            }) => then(),
            Some(Strike { then, .. }) => {
                self.ask(&request)?;
                then();
            }
            None => {
                let answer = self.ask(&request)?;
                (&*client).write_all(&answer)?;
            }
        }
        Ok(())
    }

    fn ask(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let upstream = self.upstream.lock().expect("lock").clone();
        let mut server = TcpStream::connect(upstream)?;
        server.write_all(request)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// Reads a request whole, and asks for the end of the connection after it.
fn read_message(stream: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut message = format!("{head}connection: close\r\n\r\n").into_bytes();
    let at = message.len();
    message.resize(at + length, 0);
    reader.read_exact(&mut message[at..])?;
    Ok(message)
}
