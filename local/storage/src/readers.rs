//! Read-only connections, beside the writer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::panics::Panicked;

/// The reads that run at once; more wait.
const CONNECTIONS: usize = 4;

/// The longest wait for somebody's lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// A small pool of read-only connections, opened when first needed.
///
/// A read sees all that was committed before it began, so everything that was acknowledged.
#[derive(Debug)]
pub struct ReaderPool {
    path: PathBuf,
    cache_kib: i64,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

/// A read could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The pool is closed.
    #[error("the database is closed")]
    Closed,
    /// The query panicked.
    #[error("a query broke down: {0}")]
    Panicked(#[from] Panicked),
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl ReaderPool {
    /// A pool for the database in this file, whose connections keep at most so many KiB of pages in memory each.
    pub fn new(path: impl Into<PathBuf>, cache_kib: i64) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            cache_kib,
            permits: Semaphore::new(CONNECTIONS),
            idle: Mutex::default(),
        })
    }

    /// Runs `query` on a thread that may block. It sees one snapshot, however many statements it runs.
    ///
    /// # Errors
    /// When the query fails or panics, or the pool is closed.
    pub async fn read<T, E, F>(self: &Arc<Self>, query: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ReadError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let readers = Arc::clone(self);
        let _permit = self.permits.acquire().await.map_err(|_| ReadError::Closed)?;
        match tokio::task::spawn_blocking(move || readers.read_now(query)).await {
            Ok(result) => result,
            Err(failure) => Err(match failure.try_into_panic() {
                Ok(payload) => ReadError::Panicked(Panicked::new(payload.as_ref())).into(),
                Err(_) => ReadError::Closed.into(),
            }),
        }
    }

    fn read_now<T, E: From<ReadError>>(&self, query: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        if self.permits.is_closed() {
            return Err(ReadError::Closed.into());
        }
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open().map_err(ReadError::Sqlite)?,
        };
        let snapshot = connection.unchecked_transaction().map_err(ReadError::Sqlite)?;
        let result = query(&snapshot);
        // It wrote nothing: ending it either way only gives the snapshot back.
        snapshot.finish().map_err(ReadError::Sqlite)?;
        // A cancelled read gives its permit back before its thread is done, so there can be more than that.
        let mut idle = self.idle.lock();
        if !self.permits.is_closed() && idle.len() < CONNECTIONS {
            idle.push(connection);
        }
        result
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "cache_size", -self.cache_kib)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    }

    /// Ends all reading.
    pub fn close(&self) {
        self.permits.close();
        self.idle.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(connection: &Connection) -> Result<i64, ReadError> {
        Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn a_query_that_panics_or_fails_costs_nobody_else_anything() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("d");
        let writer = crate::open_writer(&path, 64).expect("opens");
        writer
            .execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1)")
            .expect("written");
        let readers = ReaderPool::new(&path, 64);
        let panicked = readers
            .read::<(), ReadError, _>(|_| panic!("as the test wants it"))
            .await;
        assert!(matches!(panicked, Err(ReadError::Panicked(panic)) if panic.message.contains("as the test")));
        let failed = readers.read(|connection| Ok::<_, ReadError>(connection.execute("no SQL", [])?));
        assert!(matches!(failed.await, Err(ReadError::Sqlite(_))));
        assert_eq!(readers.read(count).await.expect("reads"), 1);
        readers.close();
        assert!(matches!(readers.read(count).await, Err(ReadError::Closed)));
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("d");
        let _writer = crate::open_writer(&path, 64).expect("opens");
        let readers = ReaderPool::new(&path, 64);
        let refused = readers.read(|connection| Ok::<_, ReadError>(connection.execute("CREATE TABLE t (n)", [])?));
        assert!(refused.await.is_err_and(|error| error.to_string().contains("readonly")));
    }
}
