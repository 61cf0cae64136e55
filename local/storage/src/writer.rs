//! The one writer of a database: one transaction, and one sync, for all that waits at the same time.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::{Fault, WriteHealth, classify};

/// The longest wait for somebody's short look at a file that is being opened.
const OPENING: Duration = Duration::from_secs(5);

/// A transaction of the writer failed; nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct WriteError {
    /// The words of SQLite, or what has become of the file.
    pub reason: String,
    /// The kind of fault, which says if trying again may help.
    pub fault: Fault,
}

impl From<&rusqlite::Error> for WriteError {
    fn from(error: &rusqlite::Error) -> Self {
        Self {
            reason: error.to_string(),
            fault: classify(error),
        }
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::from(&error)
    }
}

/// Opens a database for its one writer: a commit that was answered survives a power cut.
///
/// # Errors
/// When the file cannot be opened.
pub fn open_writer(path: &Path, cache_kib: i64) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(OPENING)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The writer's connection, with one transaction for each group of requests.
///
/// Within a group the order is: [`GroupWriter::begin`], the group's statements on [`GroupWriter::connection`],
/// [`GroupWriter::commit`]; and nobody is answered before that. A failure of any of them is told to
/// [`GroupWriter::failed`], which takes the transaction back and says when to try again.
#[derive(Debug)]
pub struct GroupWriter {
    /// The connection. Whatever is done with it between `begin` and `commit` is part of the group.
    pub connection: Connection,
    health: WriteHealth,
    commit_took: Duration,
}

impl GroupWriter {
    /// The writer with this connection, whose tries and failures `health` is told of.
    pub fn new(connection: Connection, health: WriteHealth) -> Self {
        Self {
            connection,
            health,
            commit_took: Duration::ZERO,
        }
    }

    /// The time that the last commit took.
    pub fn commit_took(&self) -> Duration {
        self.commit_took
    }

    /// Begins a group's transaction. While writing fails, it writes a page as it is, so that a group without a write of its
    /// own finds out whether that is over.
    ///
    /// # Errors
    /// When the database is lost, or SQLite fails.
    pub fn begin(&self) -> Result<(), WriteError> {
        let failing = self.health.is_failing();
        if failing && let Some(lost) = self.health.lost_reason() {
            return Err(WriteError {
                reason: lost.to_string(),
                fault: Fault::Permanent,
            });
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        if failing {
            let version: i64 = self.connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            self.connection.pragma_update(None, "user_version", version)?;
        }
        Ok(())
    }

    /// Commits the group's transaction: it is on disk when this returns, in the file that was opened.
    ///
    /// # Errors
    /// When SQLite fails, or the file is not there any more.
    pub fn commit(&mut self) -> Result<(), WriteError> {
        let began = Instant::now();
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.commit_took = began.elapsed();
        // written to a file that is gone is not written
        if self.health.files_in_place() {
            return Ok(());
        }
        let reason = self.health.lost_reason();
        Err(WriteError {
            reason: reason.map_or_else(|| "the file is gone".to_owned(), |reason| reason.to_string()),
            fault: Fault::Permanent,
        })
    }

    /// Takes the log into the file at a clean end, so that the file alone is the database, though somebody may still hold a
    /// connection to it.
    ///
    /// # Errors
    /// When SQLite fails; the next one who opens the database reads the log then.
    pub fn truncate_log(&self) -> rusqlite::Result<()> {
        let busy: bool = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                Some("another connection reads the log".into()),
            ));
        }
        Ok(())
    }

    /// Takes note that a group is on disk.
    pub fn succeeded(&self) {
        self.health.record_success();
    }

    /// Takes a failed group's transaction back. Returns the pause before the next try; none: there must not be one.
    pub fn failed(&self, error: &WriteError) -> Option<Duration> {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            let file = self.health.path().display();
            tracing::error!(%file, %error, "a failed transaction could not be rolled back");
        }
        self.health.record_failure(&error.reason, error.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RetryBackoff, WatchedFiles, sibling_path};

    fn writer(path: &Path) -> (GroupWriter, WriteHealth) {
        let connection = open_writer(path, 64).expect("opens");
        connection.execute_batch("CREATE TABLE t (n)").expect("made");
        connection.busy_timeout(Duration::ZERO).expect("set");
        let health = WriteHealth::new("the file", path, RetryBackoff::default());
        health.watch_files(WatchedFiles::of([path.to_owned(), sibling_path(path, "-wal")]).expect("there"));
        (GroupWriter::new(connection, health.clone()), health)
    }

    fn write(writer: &mut GroupWriter) -> Result<(), WriteError> {
        writer.begin()?;
        writer.connection.execute("INSERT INTO t VALUES (1)", [])?;
        writer.commit()
    }

    #[test]
    fn a_group_that_fails_is_taken_back_and_the_next_finds_out_whether_that_is_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("d");
        let (mut writer, health) = writer(&path);
        let other = Connection::open(&path).expect("opens");
        other.execute_batch("BEGIN IMMEDIATE").expect("locked");
        let locked = write(&mut writer).expect_err("locked");
        assert_eq!(locked.fault, Fault::Transient);
        assert_eq!(writer.failed(&locked), Some(Duration::from_millis(10)));
        let broken = || -> Result<(), WriteError> {
            writer.begin()?;
            Ok(writer.connection.execute_batch("INSERT INTO t VALUES (1); no SQL")?)
        };
        other.execute_batch("ROLLBACK").expect("free");
        let broken = broken().expect_err("no SQL");
        assert!(writer.failed(&broken).is_some() && health.is_failing());
        writer.begin().expect("begins");
        writer.commit().expect("a page as it was");
        writer.succeeded();
        assert!(!health.is_failing());
        let rows: i64 = other
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .expect("reads");
        assert_eq!(rows, 0);
    }

    #[test]
    fn the_log_is_empty_at_a_clean_end_unless_somebody_reads_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("d");
        let (mut writer, _) = writer(&path);
        write(&mut writer).expect("written");
        let other = Connection::open(&path).expect("opens");
        let read = |reader: &Connection| reader.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
        let snapshot = other.unchecked_transaction().expect("begins");
        assert_eq!(read(&snapshot), Ok(1));
        assert!(writer.truncate_log().is_err());
        drop(snapshot);
        writer.truncate_log().expect("nobody reads");
        let log = sibling_path(&path, "-wal");
        assert_eq!(std::fs::metadata(log).expect("held open").len(), 0);
    }

    #[test]
    fn what_is_written_to_a_file_that_is_gone_is_not_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("d");
        let (mut writer, health) = writer(&path);
        write(&mut writer).expect("written");
        std::fs::remove_file(&path).expect("removed");
        let gone = write(&mut writer).expect_err("gone");
        assert_eq!((gone.fault, writer.failed(&gone)), (Fault::Permanent, None));
        assert!(health.lost_reason().is_some());
        assert!(writer.begin().is_err(), "it stays so");
    }
}
