//! Read-only connections, off the engine's thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::DriverError;

/// As many reads as run at once; more wait. Each open connection holds up to half a megabyte.
const CONNECTIONS: usize = 4;

/// A small pool of read-only connections, opened when first needed.
///
/// A read sees all that was committed before it began, so everything that was acknowledged.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            permits: Semaphore::new(CONNECTIONS),
            idle: Mutex::default(),
        }
    }

    /// Runs `query` on a thread that may block. It sees one snapshot, however many statements it runs.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, query: F) -> Result<T, DriverError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DriverError> + Send + 'static,
    {
        let readers = self.clone();
        let _permit = self.permits.acquire().await.map_err(|_| DriverError::Closed)?;
        let task = tokio::task::spawn_blocking(move || readers.read_now(query));
        match task.await {
            Ok(answer) => answer,
            Err(failure) if failure.is_panic() => std::panic::resume_unwind(failure.into_panic()),
            Err(_) => Err(DriverError::Closed),
        }
    }

    fn read_now<T>(&self, query: impl FnOnce(&Connection) -> Result<T, DriverError>) -> Result<T, DriverError> {
        if self.permits.is_closed() {
            return Err(DriverError::Closed);
        }
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => super::open_reader(&self.path)?,
        };
        let snapshot = connection.unchecked_transaction()?;
        let answer = query(&snapshot);
        // It wrote nothing: ending it either way only gives the snapshot back.
        snapshot.finish()?;
        // A cancelled read gives its permit back before its thread is done, so there can be more than that.
        let mut idle = self.lock();
        if !self.permits.is_closed() && idle.len() < CONNECTIONS {
            idle.push(connection);
        }
        answer
    }

    /// Ends all reading.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A vector of idle connections is right at any moment, also after a panic elsewhere.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
