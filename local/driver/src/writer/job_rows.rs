//! The rows in the store that say who waits for which job.

use std::collections::HashSet;

use rusqlite::Connection;
use sluice_engine::AttemptId;

use crate::DriverError;
use crate::journal::store;

/// Kind of the rows that say who waits for a job: `JOB/EXECUTION/ATTEMPT`.
pub(super) const AWAITED: &str = "job";

/// Kind of the rows that say what a task waits for: the job's number under `EXECUTION/ATTEMPT`.
pub(super) const AWAITS: &str = "job of";

/// The jobs, by number, that are to be stopped once the evaluation pool has decided that.
pub(super) const UNWANTED: &str = "job unwanted";

/// A task of an execution.
pub(super) type Waiter = (u64, AttemptId);

pub(super) fn waiter_key((execution, attempt): Waiter) -> String {
    format!("{execution:020}/{:020}", attempt.0)
}

pub(super) fn awaited_key(job: u64, waiter: Waiter) -> String {
    format!("{job:020}/{}", waiter_key(waiter))
}

/// The job and the one who waits for it.
pub(super) fn parse(key: &str) -> Option<(u64, Waiter)> {
    let mut numbers = key.split('/').map(|part| part.parse().ok());
    Some((numbers.next()??, (numbers.next()??, AttemptId(numbers.next()??))))
}

/// The executions that somebody waits for.
pub(super) fn awaited(connection: &Connection) -> Result<HashSet<u64>, DriverError> {
    let keys = store::keys(connection, AWAITED, "")?;
    Ok(keys.iter().filter_map(|key| parse(key)).map(|(job, _)| job).collect())
}
