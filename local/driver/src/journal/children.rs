//! Map Runs and their child executions: what lists and look-ups have to know of them without folding a log.
//!
//! Like the columns of an execution's row, these rows are written in the transaction of the facts that they follow from.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};
use sluice_engine::{ChildSummary, MapRunReport, Status, Timestamp};

use super::codec;
use crate::{ChildFilter, ChildRecord, DriverError, Page};

fn signed(key: u64) -> i64 {
    i64::try_from(key).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Notes which execution a Map Run belongs to, if it is new; answers its number.
fn run_number(connection: &Connection, arn: &str, key: u64) -> Result<i64, DriverError> {
    let known: Option<i64> = connection
        .prepare_cached("SELECT id FROM map_runs WHERE arn = ?1")?
        .query_row([arn], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    connection
        .prepare_cached("INSERT INTO map_runs (arn, execution) VALUES (?1, ?2)")?
        .execute((arn, signed(key)))?;
    Ok(connection.last_insert_rowid())
}

/// The execution that holds the log is not deleted. What is left of one that is goes little by little.
const KEPT: &str = "EXISTS (SELECT 1 FROM executions WHERE key = execution)";

/// Writes what the fact `seq` of the execution `key` changed in Map Runs' children.
pub(crate) fn write(
    connection: &Connection,
    key: u64,
    seq: u32,
    runs: &[MapRunReport],
    children: &[ChildSummary],
) -> Result<(), DriverError> {
    let mut numbers: HashMap<&str, i64> = HashMap::new();
    for run in runs {
        numbers.insert(&run.arn, run_number(connection, &run.arn, key)?);
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO children (map_run, number, execution, arn, status, start, stop, items, redrive_count, redriven_at,
             exhausted, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (map_run, number) DO UPDATE SET status = ?5, stop = ?7, redrive_count = ?9, redriven_at = ?10,
             exhausted = ?11, changed = ?12",
    )?;
    for child in children {
        let run = match numbers.get(&*child.map_run_arn) {
            Some(number) => *number,
            None => run_number(connection, &child.map_run_arn, key)?,
        };
        statement.execute(rusqlite::params![
            run,
            child.number,
            signed(key),
            child.arn,
            codec::status_code(child.status),
            child.started_at,
            child.ended_at,
            signed(child.items as u64),
            signed(child.redrives),
            child.redriven_at,
            child.full,
            seq,
        ])?;
    }
    Ok(())
}

/// Writes how a Map Run stands.
pub(crate) fn write_report(connection: &Connection, report: &MapRunReport) -> Result<(), DriverError> {
    connection
        .prepare_cached("UPDATE map_runs SET report = ?2 WHERE arn = ?1")?
        .execute((&*report.arn, codec::encode_any(report)?))?;
    Ok(())
}

/// The executions with Map Runs that an older release wrote without their children.
pub(crate) fn unreported(connection: &Connection) -> Result<Vec<u64>, DriverError> {
    let mut statement = connection.prepare("SELECT DISTINCT execution FROM map_runs WHERE report IS NULL")?;
    let keys = statement.query_map([], |row| row.get(0))?;
    Ok(keys.map(|key| key.map(unsigned)).collect::<rusqlite::Result<_>>()?)
}

/// The execution that holds a Map Run's log, and how the run stands.
pub(crate) fn run(connection: &Connection, arn: &str) -> Result<Option<(u64, MapRunReport)>, DriverError> {
    let row: Option<(i64, Option<String>)> = connection
        .prepare_cached(&format!(
            "SELECT execution, report FROM map_runs WHERE arn = ?1 AND {KEPT}"
        ))?
        .query_row([arn], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match row {
        Some((key, Some(report))) => {
            let key = unsigned(key);
            Ok(Some((key, codec::decode(&report, key)?)))
        }
        Some((_, None)) | None => Ok(None),
    }
}

/// The Map Runs in an execution's log, the oldest first.
pub(crate) fn runs(connection: &Connection, key: u64) -> Result<Vec<MapRunReport>, DriverError> {
    let mut statement = connection
        .prepare_cached("SELECT report FROM map_runs WHERE execution = ?1 AND report IS NOT NULL ORDER BY id")?;
    let reports = statement.query_map([signed(key)], |row| row.get::<_, String>(0))?;
    reports.map(|report| codec::decode(&report?, key)).collect()
}

/// Counts the children of a Map Run, and the items in them, that were unsuccessful and cannot be redriven: their history
/// is full, or they ended before `oldest`.
pub(crate) fn not_redrivable(connection: &Connection, arn: &str, oldest: Timestamp) -> Result<(u64, u64), DriverError> {
    let counts = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(items), 0) FROM children
             WHERE map_run = (SELECT id FROM map_runs WHERE arn = ?1) AND status IN (2, 3, 4)
                 AND (exhausted = 1 OR stop < ?2)",
        )?
        .query_row((arn, oldest), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (executions, items): (i64, i64) = counts;
    Ok((unsigned(executions), unsigned(items)))
}

const COLUMNS: &str =
    "execution, number, arn, status, start, stop, items, redrive_count, redriven_at, changed FROM children";

fn read(row: &Row<'_>) -> rusqlite::Result<(ChildRecord, i64)> {
    let child = ChildRecord {
        execution: unsigned(row.get(0)?),
        number: row.get(1)?,
        arn: row.get(2)?,
        status: Status::Running,
        start: row.get(4)?,
        stop: row.get(5)?,
        items: unsigned(row.get(6)?),
        redrive_count: unsigned(row.get(7)?),
        redriven_at: row.get(8)?,
        changed: row.get(9)?,
    };
    Ok((child, row.get(3)?))
}

fn finish((row, code): (ChildRecord, i64)) -> Result<ChildRecord, DriverError> {
    Ok(ChildRecord {
        status: codec::status(row.execution, code)?,
        ..row
    })
}

/// The child execution with this ARN.
pub(crate) fn find(connection: &Connection, arn: &str) -> Result<Option<ChildRecord>, DriverError> {
    let row = connection
        .prepare_cached(&format!("SELECT {COLUMNS} WHERE arn = ?1 AND {KEPT}"))?
        .query_row([arn], read)
        .optional()?;
    row.map(finish).transpose()
}

/// A page of a Map Run's children, the newest first; `None`: there is no such run.
pub(crate) fn list(connection: &Connection, filter: &ChildFilter) -> Result<Option<Page<ChildRecord>>, DriverError> {
    let run: Option<i64> = connection
        .prepare_cached(&format!("SELECT id FROM map_runs WHERE arn = ?1 AND {KEPT}"))?
        .query_row([&*filter.map_run_arn], |row| row.get(0))
        .optional()?;
    let Some(run) = run else { return Ok(None) };
    let below = match filter.after.as_deref() {
        None => i64::MAX,
        Some(text) => text.parse().map_err(|_| DriverError::InvalidCursor(text.to_owned()))?,
    };
    let status = match filter.status {
        None => String::new(),
        Some(status) => format!("AND status = {}", codec::status_code(status)),
    };
    let redriven = match filter.redriven {
        None => "",
        Some(true) => "AND redrive_count > 0",
        Some(false) => "AND redrive_count = 0",
    };
    let sql = format!(
        "SELECT {COLUMNS} WHERE map_run = ?1 AND number < ?2 {status} {redriven} ORDER BY number DESC LIMIT ?3"
    );
    // One more than asked for tells whether there is a next page.
    let most = i64::try_from(filter.limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((run, below, most), read)?;
    let mut items = rows.map(|row| finish(row?)).collect::<Result<Vec<_>, _>>()?;
    let more = items.len() > filter.limit;
    items.truncate(filter.limit);
    let next = items.last().filter(|_| more).map(|last| last.number.to_string());
    Ok(Some(Page { items, next }))
}

/// The reports that [`write_report`] is to write at the end of a round, by ARN.
pub(crate) type Reports = HashMap<Arc<str>, MapRunReport>;
