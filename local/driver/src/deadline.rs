//! The next deadline of all executions.

use std::sync::Arc;

use rusqlite::Connection;
use sluice_engine::{Timestamp, Waiting, WaitingOn};

use crate::journal::executions;
use crate::log::read_log;
use crate::shared::Shared;
use crate::{DriverError, fold};

/// The deadline of a parked execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// Its time.
    pub at: Timestamp,
    /// The execution's ARN.
    pub arn: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// Its state machine's name.
    pub machine: Arc<str>,
    /// The state that the deadline is of, where it is a state's.
    pub state: Option<Arc<str>>,
    /// The kind of deadline.
    pub kind: DeadlineKind,
}

/// The kind of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineKind {
    /// A Wait ends.
    Wait,
    /// A failed state is tried again.
    Retry,
    /// The time for a token, a worker, a heartbeat or the whole execution is over.
    Timeout,
}

/// Returns the deadline that comes first.
pub(crate) fn first(shared: &Shared, connection: &Connection) -> Result<Option<Deadline>, DriverError> {
    let Some((at, key)) = executions::first_to_wake(connection)? else {
        return Ok(None);
    };
    let Some(log) = read_log(shared, connection, key)? else {
        return Ok(None);
    };
    let identity = log.identity.clone();
    let execution = fold::fold(log.machine, log.identity, &log.entries, &shared.read_evaluator(), None)?;
    let (kind, state) = which(at, execution.waiting());
    Ok(Some(Deadline {
        at,
        arn: identity.arn.clone(),
        name: identity.name.clone(),
        machine: identity.machine_name.clone(),
        state,
        kind,
    }))
}

/// The kind of the deadline, and the state that it is of if that is certain.
fn which(at: Timestamp, waiting: Vec<Waiting>) -> (DeadlineKind, Option<Arc<str>>) {
    let mut timed = Vec::new();
    for one in waiting {
        match one.on {
            WaitingOn::Timer { until } if until == at => return (DeadlineKind::Wait, Some(one.state)),
            WaitingOn::Retry { at: again } if again == at => return (DeadlineKind::Retry, Some(one.state)),
            WaitingOn::Timer { .. } | WaitingOn::Retry { .. } | WaitingOn::Call { .. } => {}
            WaitingOn::Token { .. } | WaitingOn::Worker { .. } | WaitingOn::Job { .. } => timed.push(one.state),
        }
    }
    match timed.len() {
        1 => (DeadlineKind::Timeout, timed.pop()),
        _ => (DeadlineKind::Timeout, None),
    }
}
