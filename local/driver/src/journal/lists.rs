//! Lists of executions, newest first.
//!
//! One index by machine and status serves every filter: the newest of each (machine, status) that is asked for are
//! merged. Keys count up with the start, so a key is a stable cursor.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row};
use sluice_engine::Status;

use super::executions::LAST_REDRIVE;
use super::{codec, machines};
use crate::{DriverError, ExecutionFilter, ExecutionSummary, Page, Qualifier};

const USUAL_LIMIT: usize = 100;

/// The page that `filter` asks for.
pub(crate) fn executions(
    connection: &Connection,
    filter: &ExecutionFilter,
) -> Result<Page<ExecutionSummary>, DriverError> {
    let below = filter
        .after
        .as_deref()
        .map(read_cursor)
        .transpose()?
        .unwrap_or(i64::MAX);
    let limit = if filter.limit == 0 { USUAL_LIMIT } else { filter.limit };
    // One more than asked for tells whether there is a next page.
    let mut keys = keys(connection, filter, below, limit.saturating_add(1))?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    let items = keys
        .iter()
        .map(|&key| summary(connection, key))
        .collect::<Result<Vec<_>, _>>()?;
    let next = keys.last().filter(|_| more).map(|&key| cursor(key));
    Ok(Page { items, next })
}

/// The number of executions with each status, counted by the index alone and up to `most` each.
pub(crate) fn counts(connection: &Connection, most: usize) -> Result<Vec<(Status, usize)>, DriverError> {
    let all = machines::numbers(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM executions WHERE machine = ?1 AND status = ?2 LIMIT ?3)",
    )?;
    let mut counts = Vec::with_capacity(codec::STATUSES.len());
    for status in codec::STATUSES {
        let mut count = 0;
        for machine in &all {
            let left = i64::try_from(most - count).unwrap_or(i64::MAX);
            let found: i64 = statement.query_row((machine, codec::status_code(status), left), |row| row.get(0))?;
            count += usize::try_from(found).unwrap_or(0);
            if count >= most {
                break;
            }
        }
        counts.push((status, count.min(most)));
    }
    Ok(counts)
}

fn keys(connection: &Connection, filter: &ExecutionFilter, below: i64, limit: usize) -> Result<Vec<i64>, DriverError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    if filter.machine_arn.is_none()
        && filter.status.is_none()
        && !filter.waiting
        && filter.redriven.is_none()
        && filter.ended_since.is_none()
    {
        let mut statement =
            connection.prepare_cached("SELECT key FROM executions WHERE key < ?1 ORDER BY key DESC LIMIT ?2")?;
        let keys = statement
            .query_map((below, most), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        return Ok(keys);
    }
    let (column, values) = parents(connection, filter)?;
    let waiting = if filter.waiting {
        "AND waiting_since IS NOT NULL"
    } else {
        ""
    };
    let redriven = match filter.redriven {
        None => "",
        Some(true) => "AND redrive_count > 0",
        Some(false) => "AND redrive_count = 0",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT key FROM executions WHERE {column} = ?1 AND status = ?2 AND key < ?3 {waiting} {redriven}
             AND (?5 IS NULL OR stop >= ?5)
         ORDER BY key DESC LIMIT ?4"
    ))?;
    let mut keys: Vec<i64> = Vec::new();
    for value in values {
        for status in statuses(filter.status) {
            let some = statement.query_map(
                (&value, codec::status_code(*status), below, most, filter.ended_since),
                |row| row.get(0),
            )?;
            for key in some {
                keys.push(key?);
            }
        }
    }
    keys.sort_unstable_by(|a, b| b.cmp(a));
    keys.truncate(limit);
    Ok(keys)
}

/// The column that says whose executions are asked for, and its values. Each has an index with status and key.
fn parents(connection: &Connection, filter: &ExecutionFilter) -> Result<(&'static str, Vec<Sql>), DriverError> {
    let qualified = match (&filter.machine_arn, &filter.qualifier) {
        (None, _) => {
            let all = machines::numbers(connection)?;
            return Ok(("machine", all.into_iter().map(Sql::Integer).collect()));
        }
        (Some(arn), None) => {
            let machine = machines::number(connection, arn)?;
            return Ok(("machine", machine.map(Sql::Integer).into_iter().collect()));
        }
        (Some(arn), Some(qualifier)) => Sql::Text(format!("{arn}:{qualifier}")),
    };
    Ok(match &filter.qualifier {
        Some(Qualifier::Alias(_)) => ("alias_arn", vec![qualified]),
        Some(Qualifier::Version(_)) | None => ("version_arn", vec![qualified]),
    })
}

fn statuses(wanted: Option<Status>) -> &'static [Status] {
    match wanted {
        None => &codec::STATUSES,
        Some(Status::Running) => &[Status::Running],
        Some(Status::Succeeded) => &[Status::Succeeded],
        Some(Status::Failed) => &[Status::Failed],
        Some(Status::TimedOut) => &[Status::TimedOut],
        Some(Status::Aborted) => &[Status::Aborted],
        Some(Status::PendingRedrive) => &[Status::PendingRedrive],
    }
}

fn summary(connection: &Connection, key: i64) -> Result<ExecutionSummary, DriverError> {
    let number = u64::try_from(key).unwrap_or(0);
    let read = |row: &Row<'_>| {
        let summary = ExecutionSummary {
            key: number,
            arn: row.get(0)?,
            name: row.get(1)?,
            machine_arn: row.get(2)?,
            status: Status::Running,
            start_date: row.get(4)?,
            stop_date: row.get(5)?,
            waiting_since: row.get(6)?,
            waiting_state: row.get(7)?,
            version_arn: row.get(8)?,
            alias_arn: row.get(9)?,
            redrive_count: u64::try_from(row.get::<_, i64>(10)?).unwrap_or(0),
            redriven_at: row.get(11)?,
        };
        Ok((summary, row.get(3)?))
    };
    let (summary, code) = connection
        .prepare_cached(&format!(
            "SELECT e.arn, e.name, m.arn, e.status, e.start, e.stop, e.waiting_since, e.waiting_state, e.version_arn,
                 e.alias_arn, e.redrive_count, {LAST_REDRIVE}
             FROM executions e JOIN machines m ON m.id = e.machine WHERE e.key = ?1",
        ))?
        .query_row([key], read)?;
    Ok(ExecutionSummary {
        status: codec::status(number, code)?,
        ..summary
    })
}

fn cursor(key: i64) -> String {
    format!("x{key:x}")
}

fn read_cursor(cursor: &str) -> Result<i64, DriverError> {
    cursor
        .strip_prefix('x')
        .and_then(|digits| i64::from_str_radix(digits, 16).ok())
        .filter(|&key| key > 0)
        .ok_or_else(|| DriverError::InvalidCursor(cursor.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_wire_and_others_are_refused() {
        assert_eq!(read_cursor(&cursor(255)), Ok(255));
        for foreign in ["", "x", "255", "xyz", "x-1", "x0", "xffffffffffffffffff"] {
            assert!(
                matches!(read_cursor(foreign), Err(DriverError::InvalidCursor(_))),
                "{foreign:?}"
            );
        }
    }
}
