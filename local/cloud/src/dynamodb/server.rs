//! The database and the port it is served on.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::DynamoError;
use crate::endpoint::HttpClient;

/// How often items past their time to live are deleted. AWS promises days.
const SWEEP: Duration = Duration::from_secs(60);
/// How long a client that has sent only half a request can hold up the end.
const STOP: Duration = Duration::from_secs(2);
/// The server's handlers block on the database, so they have threads of their own: one that waits for the disk and one
/// that reads and writes HTTP meanwhile.
const THREADS: usize = 2;

/// The DynamoDB tables of this machine. Dropping it stops the server once the requests in hand are answered.
pub struct Dynamo {
    pub(super) database: Database,
    pub(super) client: HttpClient,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Dynamo {
    /// Opens or creates the tables in a file, and serves them on a loopback port of their own.
    ///
    /// Every write is on disk before it is answered: SQLite in WAL mode at its default, `synchronous = FULL`.
    ///
    /// # Errors
    /// When the file cannot be opened, or there is no port or thread.
    pub fn open(path: &Path) -> Result<Self, DynamoError> {
        let refused = |reason: String| DynamoError::Open {
            path: path.to_owned(),
            reason,
        };
        let text = path.to_str().ok_or_else(|| refused("its name is not UTF-8".into()))?;
        let database = Database::new(text).map_err(|error| refused(error.to_string()))?;

        let listener = bind().map_err(DynamoError::Serve)?;
        listener.set_nonblocking(true).map_err(DynamoError::Serve)?;
        let address = listener.local_addr().map_err(DynamoError::Serve)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("dynamodb")
            .enable_all()
            .build()
            .map_err(DynamoError::Serve)?;
        let (stop, stopped) = oneshot::channel();
        let served = database.clone();
        let thread = std::thread::Builder::new()
            .name("dynamodb".into())
            .spawn(move || runtime.block_on(serve(listener, served, stopped)))
            .map_err(DynamoError::Serve)?;
        Ok(Self {
            database,
            client: HttpClient::new(),
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where the tables are served: `http://127.0.0.1:PORT`. For `AWS_ENDPOINT_URL_DYNAMODB`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Dynamo {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The server's own threads never drop this: the last owner is always outside.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A free port on a loopback address that cannot be guessed.
///
/// The server answers pages of every origin (`access-control-allow-origin: *`), and what it holds is not for them. A
/// browser can be made to try the ports of 127.0.0.1, but not those of sixteen million addresses. Where only 127.0.0.1
/// is loopback, that has to do.
fn bind() -> std::io::Result<std::net::TcpListener> {
    let random = getrandom::u32().unwrap_or_default().to_le_bytes();
    let hidden = Ipv4Addr::new(127, random[0], random[1], random[2].clamp(1, 254));
    std::net::TcpListener::bind((hidden, 0)).or_else(|_| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
}

async fn serve(listener: std::net::TcpListener, database: Database, stopped: oneshot::Receiver<()>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the tables are not served"),
    };
    let sweeper = tokio::spawn(sweep(database.clone()));
    let (begin, begun) = oneshot::channel();
    let server = dynoxide::server::serve_with_shutdown(listener, database, async {
        // Either way it is over: a message, or the handle is gone.
        let _ = stopped.await;
        let _ = begin.send(());
    });
    let patience = async {
        let _ = begun.await;
        tokio::time::sleep(STOP).await;
    };
    tokio::select! {
        result = server => if let Err(error) = result {
            tracing::error!(%error, "the tables are not served any more");
        },
        () = patience => {}
    }
    sweeper.abort();
}

async fn sweep(database: Database) {
    let mut every = tokio::time::interval(SWEEP);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(items)) => tracing::debug!(items, "deleted items past their time to live"),
            Ok(Err(error)) => tracing::warn!(%error, "items past their time to live stay"),
            Err(_stopping) => return,
        }
    }
}
