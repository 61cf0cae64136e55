//! The journal: one SQLite file that holds the truth.
//!
//! Its truth is the log of facts of each execution. The rows of `executions` are a projection of it, written in the same
//! transaction, so that lists, timers and recovery need no fold.

pub(crate) mod children;
pub(crate) mod codec;
pub(crate) mod deletion;
pub(crate) mod executions;
pub(crate) mod lists;
pub(crate) mod machines;
mod packed;
pub(crate) mod scan;
mod schema;
pub(crate) mod store;
pub(crate) mod versions;

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use sluice_storage::{OldSqlite, ReaderPool, WatchedFiles, check_sqlite, open_writer, sibling_path};

use crate::OpenError;

/// The journal's file name in the data directory.
pub(crate) const FILE: &str = "journal.sqlite";

/// SQLite's memory for pages of the writer's connection, and of each reader's, in KiB.
const CACHE_KIB: i64 = 4_096;
const READER_CACHE_KIB: i64 = 512;

/// The name of the file that is locked while a process works on the directory.
const LOCK: &str = "lock";

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
    let path = directory.join(LOCK);
    let mut file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            // For whoever comes next; on a full disk it is not told who is here.
            let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(Lock { _file: file })
        }
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            directory: directory.to_owned(),
            holder: std::fs::read_to_string(&path)
                .ok()
                .and_then(|text| text.trim().parse().ok()),
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
    check_sqlite().map_err(|OldSqlite { found, oldest }| OpenError::OldSqlite { found, oldest })?;
    let failed = |source| OpenError::Journal {
        path: path.to_owned(),
        source,
    };
    let mut connection = open_writer(path, CACHE_KIB).map_err(failed)?;
    configure_writer(&connection).map_err(failed)?;
    schema::migrate(&mut connection, path)?;
    // There is no second writer: a lock that lasts longer than this is a fault, and is reported as one.
    connection.busy_timeout(Duration::from_millis(50)).map_err(failed)?;
    Ok(connection)
}

/// The files of an open journal, and the lock: while they are where they were, what is written is not lost.
pub(crate) fn watched_files(directory: &Path) -> Result<WatchedFiles, OpenError> {
    let journal = path(directory);
    WatchedFiles::of([sibling_path(&journal, "-wal"), journal, directory.join(LOCK)]).map_err(|source| {
        OpenError::Directory {
            directory: directory.to_owned(),
            source,
        }
    })
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)
}

/// A journal that is only looked at, in today's format: one of an older release is copied into memory and brought there.
pub(crate) fn in_todays_format(file: Connection, path: &Path) -> Result<Connection, OpenError> {
    if schema::is_newest(&file, path)? {
        return Ok(file);
    }
    let failed = |source| OpenError::Journal {
        path: path.to_owned(),
        source,
    };
    let mut copy = Connection::open_in_memory().map_err(failed)?;
    sluice_storage::copy_to(&file, &mut copy).map_err(failed)?;
    schema::migrate(&mut copy, path)?;
    Ok(copy)
}

/// The connections that read the journal beside the writer.
pub(crate) fn readers(path: &Path) -> Arc<ReaderPool> {
    ReaderPool::new(path, READER_CACHE_KIB)
}
