//! Read-only connections, beside the writing thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::schema;
use crate::StreamsError;

/// As many reads as run at once; more wait.
const CONNECTIONS: usize = 4;

/// A small pool of connections, opened when first needed.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            permits: Semaphore::new(CONNECTIONS),
            idle: Mutex::default(),
        }
    }

    /// Runs `query` on a thread that may block. It sees one snapshot of what is committed, so all that was answered.
    pub(super) async fn read<T, F>(self: &Arc<Self>, query: F) -> Result<T, StreamsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let readers = Arc::clone(self);
        let _permit = self.permits.acquire().await.map_err(|_| StreamsError::Closed)?;
        match tokio::task::spawn_blocking(move || readers.read_now(query)).await {
            Ok(answer) => answer,
            Err(failure) if failure.is_panic() => Err(StreamsError::Panicked),
            Err(_) => Err(StreamsError::Closed),
        }
    }

    fn read_now<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StreamsError> {
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.path)?,
        };
        let answer = snapshot(&connection, query).map_err(|error| schema::disk(&self.path, &error))?;
        let mut idle = self.lock();
        if idle.len() < CONNECTIONS {
            idle.push(connection);
        }
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A vector of idle connections is right at any moment, also after a panic elsewhere.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn snapshot<T>(connection: &Connection, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let snapshot = connection.unchecked_transaction()?;
    let answer = query(&snapshot)?;
    // It wrote nothing: ending it either way only gives the snapshot back.
    snapshot.finish()?;
    Ok(answer)
}
