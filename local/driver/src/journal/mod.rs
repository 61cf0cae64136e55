//! The journal: one SQLite file that holds the truth.
//!
//! Its truth is the log of facts of each execution. The rows of `executions` are a projection of it, written in the same
//! transaction, so that lists, timers and recovery need no fold.

pub(crate) mod children;
pub(crate) mod codec;
pub(crate) mod executions;
pub(crate) mod lists;
pub(crate) mod machines;
mod packed;
mod readers;
mod schema;
pub(crate) mod store;
pub(crate) mod versions;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::OpenError;

pub(crate) use readers::Readers;

/// The journal's file name in the data directory.
const FILE: &str = "journal.sqlite";

/// The directory's lock; given back when dropped, or by the operating system when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the lock of `directory`, which is made if it is not there.
pub(crate) fn lock(directory: &Path) -> Result<Lock, OpenError> {
    let failed = |source| OpenError::Directory {
        directory: directory.to_owned(),
        source,
    };
    make_private(directory).map_err(failed)?;
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(directory.join("lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Makes the directory if it is not there, for this user alone: it holds submissions and task tokens.
fn make_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// The path of the journal in `directory`.
pub(crate) fn path(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// Opens the journal for the one writer, and brings an older one to today's format.
pub(crate) fn open(path: &Path) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::Journal {
        path: path.to_owned(),
        source,
    };
    let mut connection = Connection::open(path).map_err(failed)?;
    configure_writer(&connection).map_err(failed)?;
    schema::migrate(&mut connection, path)?;
    Ok(connection)
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    // There is no second writer: a lock that lasts longer than this is a fault, and is reported as one.
    connection.busy_timeout(Duration::from_millis(50))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit that was answered survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Opens the journal for reading beside the writer.
fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -512)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}
