//! The file's format, and the steps from each format to the next.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::StreamsError;

/// Step `n` leads from format `n` to `n + 1`; SQLite's `user_version` says which one a file has. Released steps never change.
const STEPS: [&str; 1] = [FORMAT_1];

/// The format that this release writes.
pub(super) const FORMAT: i64 = STEPS.len() as i64;

const FORMAT_1: &str = "
CREATE TABLE streams (
    -- never given twice: iterators and checkpoints of a deleted stream must not fit its successor
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    created         INTEGER NOT NULL,
    retention_hours INTEGER NOT NULL
) STRICT;

CREATE TABLE shards (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    stream     INTEGER NOT NULL REFERENCES streams (id),
    number     INTEGER NOT NULL,
    hash_start BLOB NOT NULL,
    hash_end   BLOB NOT NULL,
    -- the position of the next record, and when the last one arrived
    next       INTEGER NOT NULL,
    latest     INTEGER NOT NULL,
    -- the position of the oldest record that is still there
    first      INTEGER NOT NULL,
    UNIQUE (stream, number)
) STRICT;

CREATE TABLE records (
    shard         INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    arrived       INTEGER NOT NULL,
    partition_key TEXT NOT NULL,
    bucket        INTEGER NOT NULL,
    data          BLOB NOT NULL,
    PRIMARY KEY (shard, position)
) STRICT, WITHOUT ROWID;

-- Shards of deleted streams whose records are not all deleted yet.
CREATE TABLE leftovers (
    shard INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE queues (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE,
    created      INTEGER NOT NULL,
    modified     INTEGER NOT NULL,
    visibility   INTEGER NOT NULL,
    retention    INTEGER NOT NULL,
    delay        INTEGER NOT NULL,
    wait         INTEGER NOT NULL,
    max_bytes    INTEGER NOT NULL,
    redrive_to   TEXT,
    max_receives INTEGER,
    -- what the caller wants to find again
    remark       TEXT NOT NULL,
    purged       INTEGER
) STRICT;

CREATE TABLE messages (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    queue          INTEGER NOT NULL REFERENCES queues (id),
    message_id     TEXT NOT NULL,
    body           TEXT NOT NULL,
    attributes     TEXT NOT NULL,
    sent           INTEGER NOT NULL,
    visible_at     INTEGER NOT NULL,
    receives       INTEGER NOT NULL,
    -- how many of them were in queues before this one
    receives_before INTEGER NOT NULL DEFAULT 0,
    first_received INTEGER,
    last_received  INTEGER,
    -- the queue that it was first sent to, when it is in a dead letter queue
    origin         TEXT
) STRICT;

CREATE INDEX messages_by_visibility ON messages (queue, visible_at);
CREATE INDEX messages_by_age ON messages (queue);

CREATE TABLE mappings (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid     TEXT NOT NULL UNIQUE,
    stream   INTEGER NOT NULL,
    function TEXT NOT NULL,
    created  INTEGER NOT NULL,
    UNIQUE (stream, function)
) STRICT;

-- Where each lane goes on: what lies before is done.
CREATE TABLE checkpoints (
    mapping  INTEGER NOT NULL REFERENCES mappings (id),
    shard    INTEGER NOT NULL,
    lane     INTEGER NOT NULL,
    lanes    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (mapping, shard, lane)
) STRICT, WITHOUT ROWID;
";

/// SQLite's memory for pages of one connection, in KiB.
const CACHE_KIB: i64 = 2_048;

/// Opens the writer's connection and brings the file up to date.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StreamsError> {
    let mut connection = Connection::open(path).map_err(|error| disk(path, &error))?;
    prepare(&mut connection).map_err(|error| disk(path, &error))?;
    let found = version(&connection).map_err(|error| disk(path, &error))?;
    let known = FORMAT;
    if found > known {
        return Err(StreamsError::Format {
            path: path.display().to_string(),
            found,
            known,
        });
    }
    migrate(&mut connection, found).map_err(|error| disk(path, &error))?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    // There is no second writer: a lock that lasts longer is a fault, and whoever waits is told.
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", (), |row| row.get(0))
}

fn migrate(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    for (step, to) in STEPS.iter().zip(1..).skip(usize::try_from(from).unwrap_or(0)) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", to)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StreamsError> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB / 4)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| disk(path, &error))
}

/// An error of the disk, which names the file.
pub(super) fn disk(path: &Path, error: &dyn std::error::Error) -> StreamsError {
    StreamsError::Disk {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}
