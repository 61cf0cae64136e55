//! Copies of databases that may be written to meanwhile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

/// The time for which a writer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A database cannot be copied.
#[derive(Debug, thiserror::Error)]
#[error("cannot copy {} to {}: {reason}", .from.display(), .to.display())]
pub struct CopyError {
    /// The database.
    pub from: PathBuf,
    /// The target of the copy.
    pub to: PathBuf,
    /// The message of SQLite or of the operating system.
    pub reason: String,
}

/// Several databases as they are at one moment.
///
/// Writers go on beside it: what they write meanwhile stays in the logs until the snapshots are dropped.
#[derive(Debug)]
pub struct Snapshots(Vec<(PathBuf, Connection)>);

impl Snapshots {
    /// Stops the writers of all of them, for as long as it takes to begin reading each: what is in one of the snapshots
    /// because of something in another finds that there.
    ///
    /// # Errors
    /// When one of them cannot be opened, or somebody does not stop writing within ten seconds.
    pub fn take(databases: &[PathBuf]) -> Result<Self, CopyError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error: rusqlite::Error| CopyError {
                from: path.clone(),
                to: path,
                reason: error.to_string(),
            }
        };
        let mut stopped = Vec::new();
        for path in databases {
            stopped.push(stop_writers(path).map_err(failed(path))?);
        }
        let read = |path: &PathBuf| Ok((path.clone(), begin_reading(path).map_err(failed(path))?));
        let snapshots = databases.iter().map(read).collect::<Result<_, CopyError>>()?;
        // ends their transactions
        drop(stopped);
        Ok(Self(snapshots))
    }

    /// Copies each to the file that `place` names, which must not be there yet; the copies are on disk then.
    ///
    /// # Errors
    /// When a target exists, or one of the files fails.
    pub fn copy(&self, place: impl Fn(&Path) -> PathBuf) -> Result<(), CopyError> {
        for (from, snapshot) in &self.0 {
            let to = place(from);
            let failed = |reason: String| CopyError {
                from: from.clone(),
                to: to.clone(),
                reason,
            };
            if to.exists() {
                return Err(failed("there is such a file already".into()));
            }
            let copied = Connection::open(&to).and_then(|mut target| copy_to(snapshot, &mut target));
            copied.map_err(|error| failed(error.to_string()))?;
            let synced = std::fs::File::open(&to).and_then(|file| file.sync_all());
            synced.map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }
}

/// Nobody else writes until the connection is dropped.
fn stop_writers(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}

/// A connection that sees the database as it is now.
fn begin_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Copies one open database over another.
///
/// # Errors
/// When one of them fails.
pub fn copy_to(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(source, target)?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        // With a snapshot of its own nobody can keep it from its pages; a rollback journal's owner could.
        _ => Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            Some("another process holds a lock on it".into()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(path: &Path) -> Connection {
        let writer = Connection::open(path).expect("opens");
        writer.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        writer
            .execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1)")
            .expect("written");
        writer
    }

    fn rows(path: &Path) -> i64 {
        Connection::open(path)
            .and_then(|copy| copy.query_row("SELECT count(*) FROM t", [], |row| row.get(0)))
            .expect("reads")
    }

    #[test]
    fn copies_are_of_one_moment_while_writers_go_on() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        let (a, b) = (database(&path("a")), database(&path("b")));
        let snapshots = Snapshots::take(&[path("a"), path("b")]).expect("taken");
        for writer in [&a, &b] {
            writer.execute_batch("INSERT INTO t VALUES (2)").expect("goes on");
        }
        let place = |from: &Path| from.with_extension("copy");
        snapshots.copy(place).expect("copied");
        assert_eq!([rows(&path("a.copy")), rows(&path("b.copy"))], [1, 1]);
        assert_eq!([rows(&path("a")), rows(&path("b"))], [2, 2]);
        let again = snapshots.copy(place).expect_err("refused");
        assert!(again.to_string().contains("already"), "{again}");
        let nowhere = Snapshots::take(&[path("a"), path("none")]);
        assert!(nowhere.is_err_and(|error| error.to_string().contains("none")));
        a.execute_batch("INSERT INTO t VALUES (3)")
            .expect("nobody is stopped any more");
    }
}
