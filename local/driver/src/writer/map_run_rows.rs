//! Rows of Map Runs that an older release left out.

use rusqlite::Connection;

use crate::journal::children;
use crate::log::read_log;
use crate::shared::Shared;
use crate::{DriverError, fold};

/// Writes the rows of Map Runs that an older release left out.
pub(super) fn fill(shared: &Shared, connection: &Connection) -> Result<(), DriverError> {
    for key in children::unreported(connection)? {
        let filled = fill_one(shared, connection, key);
        match filled {
            Ok(()) => {}
            Err(error @ DriverError::Journal { .. }) => return Err(error),
            Err(error) => tracing::warn!(execution = key, %error, "the Map Runs of an execution could not be read"),
        }
    }
    Ok(())
}

fn fill_one(shared: &Shared, connection: &Connection, key: u64) -> Result<(), DriverError> {
    let Some(log) = read_log(shared, connection, key)? else {
        return Ok(());
    };
    let transaction = connection.unchecked_transaction()?;
    let turns = fold::turns(log.machine, log.identity, &log.entries, &shared.fold_evaluator())?;
    for (seq, turn) in (0..).zip(turns) {
        children::write(connection, key, seq, &turn.map_runs, &turn.children)?;
        for report in &turn.map_runs {
            children::write_report(connection, report)?;
        }
    }
    Ok(transaction.commit()?)
}
