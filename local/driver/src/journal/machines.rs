//! The registry of state machines, their definitions, and what executions were started from.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::{codec, versions};
use crate::{DriverError, MachineKind, MachineRecord, PutMachineResult};

/// The definition and role of a state machine at one time, which an execution runs.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) id: i64,
    pub(crate) machine: i64,
    pub(crate) machine_arn: Arc<str>,
    pub(crate) machine_name: Arc<str>,
    pub(crate) role_arn: Arc<str>,
    pub(crate) kind: MachineKind,
    pub(crate) definition_id: i64,
    pub(crate) revision_id: String,
}

/// The state of a state machine's ARN.
#[derive(Debug)]
pub(crate) enum Registered {
    /// This, to start executions of.
    Present(Revision),
    /// It was deleted.
    Deleted,
    /// It never was.
    Never,
}

fn kind_code(kind: MachineKind) -> i64 {
    match kind {
        MachineKind::Standard => 0,
        MachineKind::Express => 1,
    }
}

/// Registers a state machine, over an older one unless `if_absent`.
pub(crate) fn put(
    connection: &Connection,
    record: &MachineRecord,
    if_absent: bool,
) -> Result<PutMachineResult, DriverError> {
    let present = get(connection, &record.arn)?;
    if let (Some(present), true) = (&present, if_absent) {
        return Ok(PutMachineResult::Exists(Box::new(present.clone())));
    }
    let definition = put_definition(connection, &record.definition)?;
    connection
        .prepare_cached(
            "INSERT INTO machines (arn, name, kind, role_arn, definition, revision_id, created, updated, attributes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (arn) DO UPDATE SET name = ?2, kind = ?3, role_arn = ?4, definition = ?5, revision_id = ?6,
                 created = ?7, updated = ?8, attributes = ?9, deleted = 0",
        )?
        .execute((
            &record.arn,
            &record.name,
            kind_code(record.kind),
            &record.role_arn,
            definition,
            &record.revision_id,
            record.created,
            record.updated,
            codec::encode(&record.attributes)?,
        ))?;
    Ok(if present.is_some() {
        PutMachineResult::Replaced
    } else {
        PutMachineResult::Created
    })
}

/// Keeps a definition's text once, however often it is used.
fn put_definition(connection: &Connection, text: &str) -> Result<i64, DriverError> {
    let hash: [u8; 32] = Sha256::digest(text).into();
    connection
        .prepare_cached("INSERT OR IGNORE INTO definitions (hash, text) VALUES (?1, ?2)")?
        .execute((hash, text))?;
    let id = connection
        .prepare_cached("SELECT id FROM definitions WHERE hash = ?1")?
        .query_row([hash], |row| row.get(0))?;
    Ok(id)
}

/// The text of a definition.
pub(crate) fn definition(connection: &Connection, id: i64) -> Result<Option<Arc<str>>, DriverError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT text FROM definitions WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(text.map(Arc::from))
}

const RECORD: &str =
    "SELECT m.arn, m.name, m.kind, m.role_arn, d.text, m.revision_id, m.created, m.updated, m.attributes
     FROM machines m JOIN definitions d ON d.id = m.definition WHERE m.deleted = 0 AND ";

fn record(row: &Row<'_>) -> rusqlite::Result<(MachineRecord, String)> {
    let record = MachineRecord {
        arn: row.get(0)?,
        name: row.get(1)?,
        kind: codec::kind(row.get(2)?),
        role_arn: row.get(3)?,
        definition: Arc::from(row.get::<_, String>(4)?),
        revision_id: row.get(5)?,
        created: row.get(6)?,
        updated: row.get(7)?,
        attributes: serde_json::Value::Null,
    };
    Ok((record, row.get(8)?))
}

fn with_attributes((record, attributes): (MachineRecord, String)) -> Result<MachineRecord, DriverError> {
    Ok(MachineRecord {
        attributes: codec::decode(&attributes, 0)?,
        ..record
    })
}

/// The state machine with this ARN, unless deleted.
pub(crate) fn get(connection: &Connection, arn: &str) -> Result<Option<MachineRecord>, DriverError> {
    connection
        .prepare_cached(&format!("{RECORD} m.arn = ?1"))?
        .query_row([arn], record)
        .optional()?
        .map(with_attributes)
        .transpose()
}

/// At most `limit` state machines in the order of their ARNs, from behind `after`.
pub(crate) fn list(
    connection: &Connection,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<MachineRecord>, DriverError> {
    let mut statement = connection.prepare_cached(&format!("{RECORD} m.arn > ?1 ORDER BY m.arn LIMIT ?2"))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((after.unwrap_or(""), limit), record)?;
    rows.map(|row| with_attributes(row?)).collect()
}

/// Deletes a state machine with its versions and aliases; its executions, and what they run, stay.
pub(crate) fn delete(connection: &Connection, arn: &str) -> Result<bool, DriverError> {
    if let Some(machine) = number(connection, arn)? {
        versions::forget(connection, machine)?;
    }
    let deleted = connection
        .prepare_cached("UPDATE machines SET deleted = 1 WHERE arn = ?1 AND deleted = 0")?
        .execute([arn])?;
    Ok(deleted == 1)
}

/// The number of the machine with this ARN, deleted or not.
pub(crate) fn number(connection: &Connection, arn: &str) -> Result<Option<i64>, DriverError> {
    let id = connection
        .prepare_cached("SELECT id FROM machines WHERE arn = ?1")?
        .query_row([arn], |row| row.get(0));
    Ok(id.optional()?)
}

/// The numbers of all machines that ever were.
pub(crate) fn numbers(connection: &Connection) -> Result<Vec<i64>, DriverError> {
    let mut statement = connection.prepare_cached("SELECT id FROM machines ORDER BY id")?;
    let ids = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids)
}

/// Returns the revision that a new execution of this machine runs; it is written down so that it outlives the machine.
pub(crate) fn current(connection: &Connection, arn: &str) -> Result<Registered, DriverError> {
    let row: Option<(i64, bool)> = connection
        .prepare_cached("SELECT id, deleted FROM machines WHERE arn = ?1")?
        .query_row([arn], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let machine = match row {
        None => return Ok(Registered::Never),
        Some((_, true)) => return Ok(Registered::Deleted),
        Some((machine, false)) => machine,
    };
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO revisions (machine, kind, role_arn, definition, revision_id)
             SELECT id, kind, role_arn, definition, revision_id FROM machines WHERE id = ?1",
        )?
        .execute([machine])?;
    let id = connection
        .prepare_cached(
            "SELECT r.id FROM machines m JOIN revisions r ON r.machine = m.id AND r.revision_id = m.revision_id
                 AND r.definition = m.definition AND r.role_arn = m.role_arn AND r.kind = m.kind
             WHERE m.id = ?1",
        )?
        .query_row([machine], |row| row.get(0))?;
    Ok(Registered::Present(revision(connection, id)?))
}

/// A revision by its number.
pub(crate) fn revision(connection: &Connection, id: i64) -> Result<Revision, DriverError> {
    let read = |row: &Row<'_>| {
        Ok(Revision {
            id,
            machine: row.get(0)?,
            machine_arn: Arc::from(row.get::<_, String>(1)?),
            machine_name: Arc::from(row.get::<_, String>(2)?),
            role_arn: Arc::from(row.get::<_, String>(3)?),
            kind: codec::kind(row.get(4)?),
            definition_id: row.get(5)?,
            revision_id: row.get(6)?,
        })
    };
    let revision = connection
        .prepare_cached(
            "SELECT r.machine, m.arn, m.name, r.role_arn, r.kind, r.definition, r.revision_id
             FROM revisions r JOIN machines m ON m.id = r.machine WHERE r.id = ?1",
        )?
        .query_row([id], read)?;
    Ok(revision)
}
