//! Versions of state machines, and the aliases that lead to them.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};
use sluice_engine::Timestamp;

use super::codec;
use crate::{AliasRecord, DriverError, MachineRecord, Route, VersionRecord, VersionSummary};

fn signed(number: u64) -> i64 {
    // Numbers count up from 1; what is larger than SQLite's integers was never given.
    i64::try_from(number).unwrap_or(-1)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The newest version that was published of a revision and is still there.
pub(crate) fn of_revision(
    connection: &Connection,
    machine: i64,
    revision: i64,
) -> Result<Option<VersionSummary>, DriverError> {
    let found = connection
        .prepare_cached(
            "SELECT number, created FROM versions WHERE machine = ?1 AND revision = ?2 AND deleted = 0
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row((machine, revision), summary)
        .optional()?;
    Ok(found)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<VersionSummary> {
    Ok(VersionSummary {
        number: unsigned(row.get(0)?),
        created: row.get(1)?,
    })
}

/// Counts the versions of a machine that are not deleted.
pub(crate) fn count(connection: &Connection, machine: i64) -> Result<usize, DriverError> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM versions WHERE machine = ?1 AND deleted = 0")?
        .query_row([machine], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Publishes a revision, with the machine's present attributes, under the next number.
pub(crate) fn publish(
    connection: &Connection,
    machine: i64,
    revision: i64,
    description: Option<&str>,
    now: Timestamp,
) -> Result<VersionSummary, DriverError> {
    let number: i64 = connection
        .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM versions WHERE machine = ?1")?
        .query_row([machine], |row| row.get(0))?;
    connection
        .prepare_cached(
            "INSERT INTO versions (machine, number, revision, description, created, attributes)
             SELECT id, ?2, ?3, ?4, ?5, attributes FROM machines WHERE id = ?1",
        )?
        .execute((machine, number, revision, description, now))?;
    Ok(VersionSummary {
        number: unsigned(number),
        created: now,
    })
}

/// Deletes a version; answers whether it was there.
pub(crate) fn delete(connection: &Connection, machine: i64, number: u64) -> Result<bool, DriverError> {
    let deleted = connection
        .prepare_cached("UPDATE versions SET deleted = 1 WHERE machine = ?1 AND number = ?2 AND deleted = 0")?
        .execute((machine, signed(number)))?;
    Ok(deleted == 1)
}

/// The revision that a version runs; none: there is no such version.
pub(crate) fn revision(connection: &Connection, machine_arn: &str, number: u64) -> Result<Option<i64>, DriverError> {
    let revision = connection
        .prepare_cached(
            "SELECT v.revision FROM versions v JOIN machines m ON m.id = v.machine
             WHERE m.arn = ?1 AND m.deleted = 0 AND v.number = ?2 AND v.deleted = 0",
        )?
        .query_row((machine_arn, signed(number)), |row| row.get(0))
        .optional()?;
    Ok(revision)
}

/// A version with all that was published.
pub(crate) fn get(
    connection: &Connection,
    machine_arn: &str,
    number: u64,
) -> Result<Option<VersionRecord>, DriverError> {
    let read = |row: &Row<'_>| {
        let machine = MachineRecord {
            arn: row.get(0)?,
            name: row.get(1)?,
            created: row.get(2)?,
            updated: row.get(3)?,
            kind: codec::kind(row.get(4)?),
            role_arn: row.get(5)?,
            definition: Arc::from(row.get::<_, String>(6)?),
            revision_id: row.get(7)?,
            attributes: serde_json::Value::Null,
        };
        let version = VersionRecord {
            number,
            description: row.get(8)?,
            created: row.get(9)?,
            machine,
        };
        Ok((version, row.get::<_, String>(10)?))
    };
    let found = connection
        .prepare_cached(
            "SELECT m.arn, m.name, m.created, m.updated, r.kind, r.role_arn, d.text, r.revision_id, v.description,
                 v.created, v.attributes
             FROM versions v JOIN machines m ON m.id = v.machine JOIN revisions r ON r.id = v.revision
                 JOIN definitions d ON d.id = r.definition
             WHERE m.arn = ?1 AND m.deleted = 0 AND v.number = ?2 AND v.deleted = 0",
        )?
        .query_row((machine_arn, signed(number)), read)
        .optional()?;
    let Some((mut version, attributes)) = found else {
        return Ok(None);
    };
    version.machine.attributes = codec::decode(&attributes, 0)?;
    Ok(Some(version))
}

/// At most `limit` versions of a machine, the newest first, from below `before`.
pub(crate) fn list(
    connection: &Connection,
    machine_arn: &str,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<VersionSummary>, DriverError> {
    let before = before.map_or(i64::MAX, signed);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT v.number, v.created FROM versions v JOIN machines m ON m.id = v.machine
         WHERE m.arn = ?1 AND m.deleted = 0 AND v.deleted = 0 AND v.number < ?2 ORDER BY v.number DESC LIMIT ?3",
    )?;
    let rows = statement.query_map((machine_arn, before, limit), summary)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const ALIAS: &str = "SELECT a.id, a.name, a.description, a.routes, a.created, a.updated
     FROM aliases a JOIN machines m ON m.id = a.machine WHERE m.arn = ?1 AND m.deleted = 0 AND ";

fn raw_alias(row: &Row<'_>) -> rusqlite::Result<(AliasRecord, String)> {
    let alias = AliasRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        routes: Vec::new(),
        created: row.get(4)?,
        updated: row.get(5)?,
    };
    Ok((alias, row.get(3)?))
}

fn with_routes((alias, routes): (AliasRecord, String)) -> Result<AliasRecord, DriverError> {
    let routes = codec::decode(&routes, 0)?;
    Ok(AliasRecord { routes, ..alias })
}

/// The alias of a machine with this name.
pub(crate) fn alias(
    connection: &Connection,
    machine_arn: &str,
    name: &str,
) -> Result<Option<AliasRecord>, DriverError> {
    connection
        .prepare_cached(&format!("{ALIAS} a.name = ?2"))?
        .query_row((machine_arn, name), raw_alias)
        .optional()?
        .map(with_routes)
        .transpose()
}

/// At most `limit` aliases of a machine, the oldest first, from behind the one numbered `after`.
pub(crate) fn aliases(
    connection: &Connection,
    machine_arn: &str,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<AliasRecord>, DriverError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&format!("{ALIAS} a.id > ?2 ORDER BY a.id LIMIT ?3"))?;
    let rows = statement.query_map((machine_arn, after.unwrap_or(0), limit), raw_alias)?;
    rows.map(|row| with_routes(row?)).collect()
}

/// Writes a new alias.
pub(crate) fn create_alias(
    connection: &Connection,
    machine: i64,
    name: &str,
    description: Option<&str>,
    routes: &[Route],
    now: Timestamp,
) -> Result<(), DriverError> {
    connection
        .prepare_cached(
            "INSERT INTO aliases (machine, name, description, routes, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        )?
        .execute((machine, name, description, codec::encode_any(&routes)?, now))?;
    Ok(())
}

/// Writes what has changed of an alias.
pub(crate) fn update_alias(connection: &Connection, alias: &AliasRecord) -> Result<(), DriverError> {
    connection
        .prepare_cached("UPDATE aliases SET description = ?2, routes = ?3, updated = ?4 WHERE id = ?1")?
        .execute((
            alias.id,
            &alias.description,
            codec::encode_any(&alias.routes)?,
            alias.updated,
        ))?;
    Ok(())
}

/// Deletes an alias; answers whether it was there.
pub(crate) fn delete_alias(connection: &Connection, machine: i64, name: &str) -> Result<bool, DriverError> {
    let deleted = connection
        .prepare_cached("DELETE FROM aliases WHERE machine = ?1 AND name = ?2")?
        .execute((machine, name))?;
    Ok(deleted == 1)
}

/// Removes all versions and aliases of a machine: one that is created anew under its ARN begins with version 1.
pub(crate) fn forget(connection: &Connection, machine: i64) -> Result<(), DriverError> {
    connection
        .prepare_cached("DELETE FROM versions WHERE machine = ?1")?
        .execute([machine])?;
    connection
        .prepare_cached("DELETE FROM aliases WHERE machine = ?1")?
        .execute([machine])?;
    Ok(())
}
