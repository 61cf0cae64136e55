//! A copy of a database that may be written to meanwhile.

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

/// A database cannot be copied.
#[derive(Debug, thiserror::Error)]
#[error("cannot copy {} to {}: {reason}", .from.display(), .to.display())]
pub struct CopyError {
    /// The database.
    pub from: PathBuf,
    /// Where it was to go.
    pub to: PathBuf,
    /// What SQLite or the operating system says.
    pub reason: String,
}

/// Copies a database as it is at one moment, into a file that is not there yet; the copy is on disk then.
///
/// One step copies all pages: it holds a snapshot, so writers go on beside it, and nothing that they write makes it begin
/// again. What they write meanwhile stays in the source's log until the copy is done.
///
/// # Errors
/// When the target exists, or one of the two fails.
pub fn copy(from: &Path, to: &Path) -> Result<(), CopyError> {
    let failed = |reason: String| CopyError {
        from: from.to_owned(),
        to: to.to_owned(),
        reason,
    };
    if to.exists() {
        return Err(failed("there is such a file already".into()));
    }
    copy_pages(from, to).map_err(|error| failed(error.to_string()))?;
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| failed(error.to_string()))
}

fn copy_pages(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    copy_to(&source, &mut Connection::open(to)?)
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

    #[test]
    fn a_copy_holds_what_was_committed_and_never_overwrites() {
        let directory = tempfile::tempdir().expect("a directory");
        let (from, to) = (directory.path().join("a"), directory.path().join("b"));
        let writer = Connection::open(&from).expect("opens");
        writer.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        writer
            .execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1)")
            .expect("written");
        writer
            .execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)")
            .expect("under way");
        copy(&from, &to).expect("copied");
        writer.execute_batch("COMMIT").expect("goes on");
        let rows: i64 = Connection::open(&to)
            .and_then(|copy| copy.query_row("SELECT count(*) FROM t", [], |row| row.get(0)))
            .expect("reads");
        assert_eq!(rows, 1);
        let again = copy(&from, &to).expect_err("refused");
        assert!(again.to_string().contains("already"), "{again}");
        let nowhere = copy(&directory.path().join("none"), &directory.path().join("c"));
        assert!(nowhere.is_err_and(|error| error.to_string().contains("none")));
    }
}
