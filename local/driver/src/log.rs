//! Reading the log of an execution.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use sluice_asl::StateMachine;
use sluice_engine::{Identity, LogEntry};

use crate::journal::{executions, machines, store};
use crate::shared::Shared;
use crate::{DriverError, SET_ASIDE, set_aside_key};

/// A log, and what it is folded with.
pub(crate) struct Log {
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) entries: Vec<LogEntry>,
}

/// Reads the log of an execution; `None`: there is no such execution.
pub(crate) fn read_log(shared: &Shared, connection: &Connection, key: u64) -> Result<Option<Log>, DriverError> {
    read_log_with(connection, key, |id| shared.definition(connection, id))
}

/// Reads the log of an execution, with the parsed definitions from elsewhere.
pub(crate) fn read_log_with(
    connection: &Connection,
    key: u64,
    definition: impl FnOnce(i64) -> Result<Arc<StateMachine>, DriverError>,
) -> Result<Option<Log>, DriverError> {
    let Some(head) = executions::head(connection, key)? else {
        return Ok(None);
    };
    if let Some(reason) = store::get(connection, SET_ASIDE, &set_aside_key(key))? {
        return Err(DriverError::unreadable(key, reason.as_str().unwrap_or_default()));
    }
    let revision = machines::revision(connection, head.revision)?;
    Ok(Some(Log {
        machine: definition(revision.definition_id)?,
        identity: Arc::new(executions::identity(key, head, &revision)),
        entries: executions::entries(connection, key)?,
    }))
}

/// Reads the executions that were set aside, and why.
pub(crate) fn set_aside_reasons(connection: &Connection) -> Result<HashMap<u64, String>, DriverError> {
    let mut all = HashMap::new();
    for key in store::keys(connection, SET_ASIDE, "")? {
        let reason = store::get(connection, SET_ASIDE, &key)?.unwrap_or_default();
        if let Ok(number) = key.parse() {
            all.insert(number, reason.as_str().unwrap_or_default().to_owned());
        }
    }
    Ok(all)
}
