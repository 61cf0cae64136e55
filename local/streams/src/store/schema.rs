//! The file's format, and its opening.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use sluice_storage::{Schema, SchemaError, open_writer};

use crate::StreamsError;

/// The steps from each format to the next.
const SCHEMA: Schema = Schema::new(&[FORMAT_1]);

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

/// SQLite's memory for pages of the writer's connection, in KiB.
const CACHE_KIB: i64 = 2_048;

/// The same for each reader.
pub(super) const READER_CACHE_KIB: i64 = CACHE_KIB / 4;

/// Opens the writer's connection and brings the file up to date.
pub(super) fn open(path: &Path) -> Result<Connection, StreamsError> {
    let disk = |error: rusqlite::Error| StreamsError::disk(path, &error);
    let mut connection = open_writer(path, CACHE_KIB).map_err(disk)?;
    // There is no second writer: a lock that lasts longer is a fault, and whoever waits gets the error.
    connection.busy_timeout(Duration::from_secs(1)).map_err(disk)?;
    connection.pragma_update(None, "foreign_keys", "ON").map_err(disk)?;
    SCHEMA.migrate(&mut connection).map_err(|error| match error {
        SchemaError::Sqlite(error) => disk(error),
        SchemaError::NewerFormat { found, known } => StreamsError::Format {
            path: path.display().to_string(),
            found,
            known,
        },
    })?;
    Ok(connection)
}
