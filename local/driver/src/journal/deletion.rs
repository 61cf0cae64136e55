//! Ended executions are deleted when their time is over.
//!
//! An execution goes in one transaction, as far as anybody can see it: with its row. Its facts and its children may be many;
//! what a portion has no room for is left to the next ones, and `remains` names it.

use rusqlite::{Connection, OptionalExtension};
use sluice_engine::Timestamp;

use super::executions::signed;
use super::store;
use crate::DriverError;

/// Kind and key in the store of a number that no execution has had, since the row of the last one may be deleted.
const NEXT_KEY: (&str, &str) = ("sluice.executions", "next");

/// A fact takes as much work as this many bytes of it that lie on pages of their own.
const PAGE: usize = 4_096;

/// The work that a portion may still do: rows, and pages beyond them.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new(rows: usize) -> Self {
        Self(rows)
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }

    fn spend(&mut self, rows: usize) {
        self.0 = self.0.saturating_sub(rows);
    }
}

/// The facts about an execution that was deleted.
#[derive(Debug)]
pub(crate) struct Deleted {
    pub(crate) arn: String,
    pub(crate) redriven: bool,
}

/// Returns the earliest end of an execution.
pub(crate) fn first_end(connection: &Connection) -> Result<Option<Timestamp>, DriverError> {
    let first = connection
        .prepare_cached("SELECT min(stop) FROM executions WHERE stop IS NOT NULL")?
        .query_row([], |row| row.get(0))?;
    Ok(first)
}

/// The executions that ended no later than `until` and may go, the earliest first, as many as the budget may last for.
pub(crate) fn ended(
    connection: &Connection,
    until: Timestamp,
    budget: &Budget,
    may_go: impl Fn(u64) -> bool,
) -> Result<Vec<u64>, DriverError> {
    let mut statement = connection.prepare_cached("SELECT key FROM executions WHERE stop <= ?1 ORDER BY stop")?;
    let keys = statement.query_map([until], |row| row.get::<_, i64>(0))?;
    let keys = keys.map(|key| key.map(|key| u64::try_from(key).unwrap_or(0)));
    // each has a row and a fact at least
    let enough = budget.0 / 2 + 1;
    Ok(keys
        .filter(|key| key.as_ref().map_or(true, |key| may_go(*key)))
        .take(enough)
        .collect::<rusqlite::Result<_>>()?)
}

/// An execution of which something is left.
pub(crate) fn remaining(connection: &Connection) -> Result<Option<u64>, DriverError> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(execution) FROM remains")?
        .query_row([], |row| row.get(0))?;
    Ok(first.and_then(|key| u64::try_from(key).ok()))
}

/// Deletes an execution, with as much of it as the budget allows.
pub(crate) fn delete(connection: &Connection, key: u64, budget: &mut Budget) -> Result<Option<Deleted>, DriverError> {
    let deleted = connection
        .prepare_cached("DELETE FROM executions WHERE key = ?1 RETURNING arn, redrive_count > 0")?
        .query_row([signed(key)], |row| {
            Ok(Deleted {
                arn: row.get(0)?,
                redriven: row.get(1)?,
            })
        })
        .optional()?;
    // the row, and its cells in the indexes
    budget.spend(1);
    if !clear(connection, key, budget)? {
        connection
            .prepare_cached("INSERT OR IGNORE INTO remains (execution) VALUES (?1)")?
            .execute([signed(key)])?;
    }
    Ok(deleted)
}

/// Goes on with an execution that was deleted in part.
pub(crate) fn go_on(connection: &Connection, key: u64, budget: &mut Budget) -> Result<(), DriverError> {
    if clear(connection, key, budget)? {
        connection
            .prepare_cached("DELETE FROM remains WHERE execution = ?1")?
            .execute([signed(key)])?;
    }
    Ok(())
}

/// Deletes facts, children and Map Runs of an execution; answers whether none is left.
fn clear(connection: &Connection, key: u64, budget: &mut Budget) -> Result<bool, DriverError> {
    Ok(clear_facts(connection, key, budget)? && clear_map_runs(connection, key, budget)?)
}

fn clear_facts(connection: &Connection, key: u64, budget: &mut Budget) -> Result<bool, DriverError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, coalesce(length(packed), length(body)) FROM facts WHERE execution = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([signed(key)])?;
    let mut last: Option<u32> = None;
    let mut all = true;
    while let Some(row) = rows.next()? {
        if budget.is_spent() {
            all = false;
            break;
        }
        last = Some(row.get(0)?);
        budget.spend(1 + usize::try_from(row.get::<_, i64>(1)?).unwrap_or(0) / PAGE);
    }
    drop(rows);
    if let Some(last) = last {
        connection
            .prepare_cached("DELETE FROM facts WHERE execution = ?1 AND seq <= ?2")?
            .execute((signed(key), last))?;
    }
    Ok(all)
}

fn clear_map_runs(connection: &Connection, key: u64, budget: &mut Budget) -> Result<bool, DriverError> {
    let mut statement = connection.prepare_cached("SELECT id FROM map_runs WHERE execution = ?1")?;
    let runs: Vec<i64> = statement
        .query_map([signed(key)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for run in runs {
        let room = i64::try_from(budget.0).unwrap_or(i64::MAX);
        let deleted = connection
            .prepare_cached(
                "DELETE FROM children WHERE map_run = ?1 AND number IN
                     (SELECT number FROM children WHERE map_run = ?1 ORDER BY number LIMIT ?2)",
            )?
            .execute((run, room))?;
        budget.spend(deleted);
        if budget.is_spent() {
            return Ok(false);
        }
        connection
            .prepare_cached("DELETE FROM map_runs WHERE id = ?1")?
            .execute([run])?;
        budget.spend(1);
    }
    Ok(true)
}

/// The number for the next execution: larger than that of any there was.
pub(crate) fn next_key(connection: &Connection) -> Result<u64, DriverError> {
    let largest: Option<i64> = connection.query_row(
        "SELECT max(key) FROM (SELECT max(key) AS key FROM executions UNION ALL SELECT max(execution) FROM remains)",
        [],
        |row| row.get(0),
    )?;
    let (kind, key) = NEXT_KEY;
    let kept = store::get(connection, kind, key)?.and_then(|next| next.as_u64());
    let next = largest.and_then(|last| u64::try_from(last).ok()).unwrap_or(0) + 1;
    Ok(next.max(kept.unwrap_or(0)))
}

/// Remembers the number for the next execution, if no row tells it any more.
pub(crate) fn keep_next_key(connection: &Connection, next: u64) -> Result<(), DriverError> {
    if next_key(connection)? < next {
        let (kind, key) = NEXT_KEY;
        store::put(connection, kind, key, &next.into())?;
    }
    Ok(())
}
