//! Reading histories.

use rusqlite::Connection;
use sluice_engine::Trace;

use crate::journal::executions;
use crate::log::read_log;
use crate::shared::Shared;
use crate::{DriverError, children, fold};

/// The memory that a fact takes, about, as a multiple of what it takes on disk.
const UNPACKED: usize = 6;

/// Reads the history of the execution with this ARN; `None`: there is no such execution.
pub(crate) fn read(shared: &Shared, connection: &Connection, arn: &str) -> Result<Option<Trace>, DriverError> {
    let Some(key) = executions::key_of(connection, arn)? else {
        return children::trace(shared, connection, arn);
    };
    let version = (key, executions::entry_count(connection, key)?);
    let known = shared.histories.lock().get(&version);
    if known.is_some() {
        return Ok(known);
    }
    let Some(log) = read_log(shared, connection, key)? else {
        return Ok(None);
    };
    let trace = fold::trace(log.machine, log.identity, &log.entries, &shared.read_evaluator())?;
    // The memory of an event beside its values, which it shares with its neighbours and which are packed on disk.
    let weight = trace.events.len() * 280 + UNPACKED * executions::entry_bytes(connection, key)?;
    shared.histories.lock().put(version, trace.clone(), weight);
    Ok(Some(trace))
}
