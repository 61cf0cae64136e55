//! The tasks of an execution that can be answered from outside.

use std::fmt;
use std::sync::Arc;

use rusqlite::Connection;
use sluice_engine::{AttemptId, Timestamp, WaitingOn};

use crate::journal::{children, executions};
use crate::log::read_log;
use crate::shared::Shared;
use crate::{DriverError, fold};

/// A task that waits for its token to come back.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenTask {
    /// The attempt: its number names the task within its execution, and is no secret.
    pub attempt: AttemptId,
    /// The state.
    pub state: Arc<str>,
    /// The activity whose worker is to answer; none: whoever was given the token.
    pub activity: Option<String>,
    /// Since when it waits.
    pub since: Timestamp,
    /// The token: a secret, for the answer alone.
    pub token: Arc<str>,
}

impl fmt::Debug for OpenTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTask")
            .field("attempt", &self.attempt)
            .field("state", &self.state)
            .field("activity", &self.activity)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}

/// Reads the tasks of the execution with this ARN; `None`: there is no such execution.
pub(crate) fn read(shared: &Shared, connection: &Connection, arn: &str) -> Result<Option<Vec<OpenTask>>, DriverError> {
    let key = match executions::key_of(connection, arn)? {
        Some(key) => Some(key),
        None => children::find(connection, arn)?.map(|child| child.execution),
    };
    let Some(key) = key else { return Ok(None) };
    let Some(log) = read_log(shared, connection, key)? else {
        return Ok(None);
    };
    let execution = fold::fold(log.machine, log.identity, &log.entries, &shared.read_evaluator(), None)?;
    let mut open = Vec::new();
    for waiting in execution.waiting() {
        let (attempt, activity) = match waiting.on {
            WaitingOn::Token { attempt } | WaitingOn::Call { attempt } => (attempt, None),
            WaitingOn::Worker { attempt, activity } => (attempt, Some(activity)),
            _ => continue,
        };
        let Some(token) = execution.open_task(attempt).and_then(|task| task.token.clone()) else {
            continue;
        };
        open.push(OpenTask {
            attempt,
            state: waiting.state,
            activity,
            since: waiting.since,
            token,
        });
    }
    Ok(Some(open))
}
