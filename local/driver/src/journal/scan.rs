//! Reads of many executions, for whoever keeps an index of its own over them.

use std::ops::Range;

use rusqlite::Connection;

use super::executions::{self, signed};
use super::machines;
use crate::{DriverError, EndMark, Ends, ExecutionRecord};

/// The largest key.
pub(crate) fn newest_key(connection: &Connection) -> Result<u64, DriverError> {
    let key: Option<i64> = connection
        .prepare_cached("SELECT max(key) FROM executions")?
        .query_row([], |row| row.get(0))?;
    Ok(key.and_then(|key| u64::try_from(key).ok()).unwrap_or(0))
}

/// The smallest key.
pub(crate) fn oldest_key(connection: &Connection) -> Result<u64, DriverError> {
    let key: Option<i64> = connection
        .prepare_cached("SELECT min(key) FROM executions")?
        .query_row([], |row| row.get(0))?;
    Ok(key.and_then(|key| u64::try_from(key).ok()).unwrap_or(0))
}

/// The records of the executions of a machine whose keys lie in a range, the smallest first.
pub(crate) fn records_between(
    connection: &Connection,
    machine_arn: &str,
    range: &Range<u64>,
) -> Result<Vec<ExecutionRecord>, DriverError> {
    let Some(machine) = machines::number(connection, machine_arn)? else {
        return Ok(Vec::new());
    };
    let keys = connection
        .prepare_cached("SELECT key FROM executions WHERE key >= ?1 AND key < ?2 AND machine = ?3 ORDER BY key")?
        .query_map((signed(range.start), signed(range.end), machine), |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    let keys: Vec<u64> = keys.into_iter().filter_map(|key| u64::try_from(key).ok()).collect();
    records(connection, &keys)
}

/// The records of these executions, in this order; those that are not there any more are left out. One whose data cannot
/// be read comes without them, so that it hides no other.
pub(crate) fn records(connection: &Connection, keys: &[u64]) -> Result<Vec<ExecutionRecord>, DriverError> {
    let mut found = Vec::with_capacity(keys.len());
    for &key in keys {
        match executions::record(connection, key) {
            Ok(record) => found.extend(record),
            Err(DriverError::Unreadable { .. }) => found.extend(executions::record_without_data(connection, key)?),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The ends of executions of a machine behind a mark. At most `limit` ends, those of other machines included, are looked at.
pub(crate) fn ended_after(
    connection: &Connection,
    machine_arn: &str,
    mark: EndMark,
    limit: usize,
) -> Result<Ends, DriverError> {
    let machine = machines::number(connection, machine_arn)?;
    let mut statement = connection.prepare_cached(
        "SELECT key, stop, machine FROM executions WHERE stop >= ?1 AND (stop > ?1 OR key > ?2)
         ORDER BY stop, key LIMIT ?3",
    )?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query((mark.stop, signed(mark.key), most))?;
    let (mut ends, mut looked_at) = (Ends::default(), 0);
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        let end = EndMark {
            stop: row.get(1)?,
            key: u64::try_from(key).unwrap_or(0),
        };
        if machine.is_some() && machine == row.get::<_, Option<i64>>(2)? {
            ends.ends.push(end);
        }
        ends.last = Some(end);
        looked_at += 1;
    }
    ends.more = looked_at == limit;
    Ok(ends)
}

/// The number of executions of a machine that wait for a task token, counted up to `most`.
pub(crate) fn waiting_count(connection: &Connection, machine_arn: &str, most: usize) -> Result<usize, DriverError> {
    let Some(machine) = machines::number(connection, machine_arn)? else {
        return Ok(0);
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM executions
                 WHERE machine = ?1 AND status = 0 AND waiting_since IS NOT NULL LIMIT ?2)",
        )?
        .query_row((machine, most), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}
