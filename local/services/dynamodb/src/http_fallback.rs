//! Calls by way of dynoxide's own HTTP server, which alone knows every operation and the words of every refusal.
//!
//! The server can only be had behind a TCP listener, and it answers pages of every origin
//! (`access-control-allow-origin: *`). What it holds is not for them, so nothing stays open: the listener takes our one
//! connection and is closed as soon as that has carried its first call. Until then, for a millisecond, it is at a
//! loopback address that cannot be guessed.

use std::net::{Ipv4Addr, SocketAddr};

use axum::http::{Request, Uri};
use bytes::Bytes;
use dynoxide::Database;
use http_body_util::Full;
use sluice_wire::{HttpClient, HttpError, HttpResponse};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::error::CallError;

/// DynamoDB answers at most 1 MiB a page, batches 16 MiB; JSON can escape every byte.
const MAX_ANSWER: usize = 128 << 20;

/// The way to the server: made at the first call, and again after a broken one. Server and client share one thread,
/// the caller's.
pub(crate) struct HttpFallback {
    database: Database,
    connection: Option<Connection>,
}

struct Connection {
    client: HttpClient,
    /// The address at which the server was reached. It is closed by now.
    uri: Uri,
    /// Holds the server's end; dropping it ends that.
    runtime: Runtime,
}

impl HttpFallback {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            connection: None,
        }
    }

    /// Sends a call to the server. The request's URI is only a path. Blocks until the answer is there.
    ///
    /// # Errors
    /// When no connection can be made, or it breaks; the call may have been carried out.
    pub(crate) fn send(&mut self, request: Request<Full<Bytes>>) -> Result<HttpResponse, CallError> {
        if let Some(connection) = self.connection.take() {
            match connection.send(request.clone()) {
                // The server ended the connection after an earlier call.
                Err(HttpError::Unreachable { .. }) => {}
                response => return self.keep(connection, response),
            }
        }
        let (connection, response) = Connection::open(self.database.clone(), request)?;
        self.keep(connection, response)
    }

    fn keep(
        &mut self,
        connection: Connection,
        response: Result<HttpResponse, HttpError>,
    ) -> Result<HttpResponse, CallError> {
        let response = response.map_err(|error| CallError::Server(error.to_string()))?;
        self.connection = Some(connection);
        Ok(response)
    }
}

impl Connection {
    fn open(
        database: Database,
        first: Request<Full<Bytes>>,
    ) -> Result<(Self, Result<HttpResponse, HttpError>), CallError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CallError::Server(format!("no event loop: {error}")))?;
        let listener = runtime.block_on(listen());
        let (listener, address) = listener.map_err(|error| CallError::Server(format!("no port: {error}")))?;
        let connection = Self {
            client: HttpClient::lasting(),
            uri: Uri::try_from(format!("http://{address}/")).map_err(|error| CallError::Server(error.to_string()))?,
            runtime,
        };
        // Dropped after the first response, which closes the listener. The connection goes on: only the shutdown, which
        // never comes, would end it.
        let server = dynoxide::server::serve_with_shutdown(listener, database, std::future::pending());
        let response = connection.runtime.block_on(async {
            tokio::select! {
                ended = server => Err(CallError::Server(format!("it ended: {ended:?}"))),
                response = connection.exchange(first) => Ok(response),
            }
        })?;
        Ok((connection, response))
    }

    fn send(&self, request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        self.runtime.block_on(self.exchange(request))
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        *request.uri_mut() = self.uri.clone();
        self.client.send(request, MAX_ANSWER).await
    }
}

/// A free port of a loopback address out of sixteen million; where only 127.0.0.1 is loopback, of that.
async fn listen() -> std::io::Result<(TcpListener, SocketAddr)> {
    let random = getrandom::u32().unwrap_or_default().to_le_bytes();
    let hidden = Ipv4Addr::new(127, random[0], random[1], random[2].clamp(1, 254));
    let listener = match TcpListener::bind((hidden, 0)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
    };
    let address = listener.local_addr()?;
    Ok((listener, address))
}
