//! The journal's format, and the steps from each format to the next.

use std::path::Path;

use rusqlite::Connection;
use sluice_storage::{Schema, SchemaError};

use crate::OpenError;

/// The steps from each format to the next.
const STEPS: [&str; 4] = [FORMAT_1, FORMAT_2, FORMAT_3, FORMAT_4];

const SCHEMA: Schema = Schema::new(&STEPS);

const FORMAT_1: &str = "
CREATE TABLE definitions (
    id          INTEGER PRIMARY KEY,
    hash        BLOB NOT NULL UNIQUE,
    text        TEXT NOT NULL
) STRICT;

CREATE TABLE machines (
    id          INTEGER PRIMARY KEY,
    arn         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    kind        INTEGER NOT NULL,
    role_arn    TEXT NOT NULL,
    definition  INTEGER NOT NULL REFERENCES definitions (id),
    revision_id TEXT NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    attributes  TEXT NOT NULL,
    deleted     INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What executions were started from; a row outlives the update or the end of its machine.
CREATE TABLE revisions (
    id          INTEGER PRIMARY KEY,
    machine     INTEGER NOT NULL REFERENCES machines (id),
    kind        INTEGER NOT NULL,
    role_arn    TEXT NOT NULL,
    definition  INTEGER NOT NULL REFERENCES definitions (id),
    revision_id TEXT NOT NULL,
    UNIQUE (machine, revision_id, definition, role_arn, kind)
) STRICT;

CREATE TABLE executions (
    key           INTEGER PRIMARY KEY,
    arn           TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    machine       INTEGER NOT NULL REFERENCES machines (id),
    revision      INTEGER NOT NULL REFERENCES revisions (id),
    status        INTEGER NOT NULL,
    start         INTEGER NOT NULL,
    stop          INTEGER,
    -- has calls in flight, or tasks that no worker has taken: a restart sends them again
    in_flight     INTEGER NOT NULL,
    -- is parked until then
    wake_at       INTEGER,
    waiting_since INTEGER,
    waiting_state TEXT,
    input_hash    BLOB NOT NULL,
    version_arn   TEXT,
    alias_arn     TEXT,
    trace_header  TEXT,
    redrive_count INTEGER NOT NULL,
    outcome       TEXT
) STRICT;

CREATE INDEX executions_by_status ON executions (machine, status, key);
CREATE INDEX executions_waiting ON executions (machine, status, key) WHERE waiting_since IS NOT NULL;
CREATE INDEX executions_in_flight ON executions (key) WHERE in_flight = 1;
CREATE INDEX executions_to_wake ON executions (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE facts (
    execution   INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    seed        BLOB NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (execution, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE store (
    kind        TEXT NOT NULL,
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
";

const FORMAT_2: &str = "
-- What was published. A deleted one stays, so that its number is not given again.
CREATE TABLE versions (
    machine     INTEGER NOT NULL REFERENCES machines (id),
    number      INTEGER NOT NULL,
    revision    INTEGER NOT NULL REFERENCES revisions (id),
    description TEXT,
    created     INTEGER NOT NULL,
    attributes  TEXT NOT NULL,
    deleted     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (machine, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    id          INTEGER PRIMARY KEY,
    machine     INTEGER NOT NULL REFERENCES machines (id),
    name        TEXT NOT NULL,
    description TEXT,
    routes      TEXT NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    UNIQUE (machine, name)
) STRICT;

CREATE TABLE map_runs (
    arn         TEXT PRIMARY KEY,
    execution   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX executions_by_version ON executions (version_arn, status, key) WHERE version_arn IS NOT NULL;
CREATE INDEX executions_by_alias ON executions (alias_arn, status, key) WHERE alias_arn IS NOT NULL;
";

const FORMAT_3: &str = "
ALTER TABLE map_runs RENAME TO map_runs_2;

CREATE TABLE map_runs (
    id          INTEGER PRIMARY KEY,
    arn         TEXT NOT NULL UNIQUE,
    execution   INTEGER NOT NULL,
    -- how it stands; none: to be taken from the log
    report      TEXT
) STRICT;

INSERT INTO map_runs (arn, execution) SELECT arn, execution FROM map_runs_2 ORDER BY execution;
DROP TABLE map_runs_2;
CREATE INDEX map_runs_by_execution ON map_runs (execution, id);

-- The child executions of Map Runs. Their logs are their parents'.
CREATE TABLE children (
    map_run       INTEGER NOT NULL REFERENCES map_runs (id),
    number        INTEGER NOT NULL,
    execution     INTEGER NOT NULL,
    arn           TEXT NOT NULL UNIQUE,
    status        INTEGER NOT NULL,
    start         INTEGER NOT NULL,
    stop          INTEGER,
    items         INTEGER NOT NULL,
    redrive_count INTEGER NOT NULL,
    redriven_at   INTEGER,
    -- its history has no room for a redrive
    exhausted     INTEGER NOT NULL,
    -- the number of the fact that changed the row last
    changed       INTEGER NOT NULL,
    PRIMARY KEY (map_run, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX children_by_status ON children (map_run, status, number);
";

const FORMAT_4: &str = "
-- The body of a fact, packed; its `body` is empty then. Facts of older formats stay as they are.
ALTER TABLE facts ADD COLUMN packed BLOB;

-- Which ended executions are to be deleted next.
CREATE INDEX executions_ended ON executions (stop) WHERE stop IS NOT NULL;

-- Executions that are deleted, and of which facts, Map Runs or children are left to be deleted.
CREATE TABLE remains (
    execution   INTEGER PRIMARY KEY
) STRICT;
";

/// Brings the journal to the newest format, all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    SCHEMA.migrate(connection).map_err(|error| open_error(error, path))
}

/// Tells whether a journal has the newest format; one of a later release is refused.
pub(super) fn is_newest(connection: &Connection, path: &Path) -> Result<bool, OpenError> {
    let found = SCHEMA.found(connection).map_err(|error| open_error(error, path))?;
    Ok(found == SCHEMA.format())
}

fn open_error(error: SchemaError, path: &Path) -> OpenError {
    let path = path.to_owned();
    match error {
        SchemaError::NewerFormat { found, known } => OpenError::NewerFormat { path, found, known },
        SchemaError::Sqlite(source) => OpenError::Journal { path, source },
    }
}

/// Makes a journal as an older release left it.
#[cfg(test)]
pub(super) fn older(format: usize) -> Connection {
    let connection = Connection::open_in_memory().expect("sqlite");
    for step in &STEPS[..format] {
        connection.execute_batch(step).expect("an older release's file");
    }
    connection
        .pragma_update(None, "user_version", format as i64)
        .expect("version");
    connection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_gets_the_newest_format_and_keeps_it() {
        let mut connection = Connection::open_in_memory().expect("sqlite");
        let path = Path::new("journal.sqlite");
        migrate(&mut connection, path).expect("first");
        migrate(&mut connection, path).expect("again");
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .expect("version");
        assert_eq!(version, STEPS.len() as i64);
    }

    #[test]
    fn each_older_format_becomes_the_newest() {
        let tables = |connection: &Connection| {
            let mut statement = connection
                .prepare("SELECT sql FROM sqlite_schema ORDER BY name")
                .expect("schema");
            let rows = statement
                .query_map([], |row| row.get::<_, Option<String>>(0))
                .expect("rows");
            rows.collect::<Result<Vec<_>, _>>().expect("text")
        };
        let path = Path::new("journal.sqlite");
        let mut newest = Connection::open_in_memory().expect("sqlite");
        migrate(&mut newest, path).expect("new");
        for format in 1..STEPS.len() {
            let mut older = older(format);
            migrate(&mut older, path).expect("migrates");
            assert_eq!(tables(&older), tables(&newest), "{format}");
        }
    }

    #[test]
    fn a_file_of_a_later_release_is_refused_by_name() {
        let mut connection = Connection::open_in_memory().expect("sqlite");
        connection.pragma_update(None, "user_version", 99).expect("version");
        let error = migrate(&mut connection, Path::new("/data/journal.sqlite")).expect_err("newer");
        assert!(
            matches!(
                error,
                OpenError::NewerFormat {
                    found: 99,
                    known: 4,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("/data/journal.sqlite has format 99"),
            "{error}"
        );
    }
}
