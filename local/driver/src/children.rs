//! Reading the child executions of Map Runs.
//!
//! A child's log is its parent's. What lists show of it is a row; its input, its outcome and its history take a fold of
//! the log. One fold reads all children near the one asked for, so that reading one after the other folds seldom.

use std::sync::Arc;

use rusqlite::Connection;
use sluice_engine::{ChildHistory, Identity, Status, Trace};

use crate::child_block::Block;
use crate::journal::{children, executions};
use crate::log::read_log;
use crate::shared::Shared;
use crate::{ChildOf, ChildRecord, DriverError, ExecutionRecord, fold};

/// The number of children in a block.
const SPAN: u32 = 256;

/// All about a child execution; `None`: there is no such child.
fn tale(
    shared: &Shared,
    connection: &Connection,
    arn: &str,
) -> Result<Option<(ChildRecord, Arc<ChildHistory>)>, DriverError> {
    let Some(child) = children::find(connection, arn)? else {
        return Ok(None);
    };
    let key = child.execution;
    let facts = executions::entry_count(connection, key)?;
    let place = (key, child.number / SPAN);
    let settled = !matches!(child.status, Status::Running | Status::PendingRedrive);
    let known = shared.child_histories.lock().get(&place);
    if let Some(block) = known
        && (block.as_of == facts || (settled && child.changed < block.as_of))
        && let Some(tale) = block.tale(child.number)
    {
        return Ok(Some((child, tale)));
    }
    let Some(log) = read_log(shared, connection, key)? else {
        return Ok(None);
    };
    let first = place.1 * SPAN;
    let numbers = first..first.saturating_add(SPAN);
    let tales = fold::children(
        log.machine,
        log.identity,
        &log.entries,
        numbers,
        &shared.read_evaluator(),
    )?;
    let block = Arc::new(Block {
        as_of: u32::try_from(log.entries.len()).unwrap_or(u32::MAX),
        tales: tales.into_iter().map(Arc::new).collect(),
    });
    shared.child_histories.lock().put(place, block.clone(), block.weight());
    Ok(block.tale(child.number).map(|tale| (child, tale)))
}

/// The history of the child execution with this ARN.
pub(crate) fn trace(shared: &Shared, connection: &Connection, arn: &str) -> Result<Option<Trace>, DriverError> {
    Ok(tale(shared, connection, arn)?.map(|(_, tale)| tale.trace.clone()))
}

/// The record of the child execution with this ARN.
pub(crate) fn record(
    shared: &Shared,
    connection: &Connection,
    arn: &str,
) -> Result<Option<ExecutionRecord>, DriverError> {
    let Some((child, tale)) = tale(shared, connection, arn)? else {
        return Ok(None);
    };
    let Some(parent) = executions::record_without_data(connection, child.execution)? else {
        return Ok(None);
    };
    let Some(identity) = identity(&parent.identity, &tale.summary.arn) else {
        return Err(DriverError::unreadable(
            child.execution,
            format!("{arn} is no child execution's ARN"),
        ));
    };
    let summary = &tale.summary;
    Ok(Some(ExecutionRecord {
        identity: Arc::new(identity),
        status: summary.status,
        start_date: summary.started_at,
        stop_date: summary.ended_at,
        input: tale.input(),
        outcome: tale.outcome(),
        waiting_since: None,
        waiting_state: None,
        trace_header: None,
        redrive_count: summary.redrives,
        redriven_at: summary.redriven_at,
        child: Some(ChildOf {
            map_run_arn: summary.map_run_arn.clone(),
            state: summary.state.clone(),
            full: summary.full,
        }),
        ..parent
    }))
}

/// Makes a child's identity: `…:execution:MACHINE/LABEL:NAME` of the machine `…:stateMachine:MACHINE/LABEL`; an Express one has
/// an id behind its name.
fn identity(parent: &Identity, arn: &Arc<str>) -> Option<Identity> {
    let parts: Vec<&str> = arn.split(':').collect();
    let (scope, [kind, machine, name, ..]) = parts.split_at_checked(5)? else {
        return None;
    };
    Some(Identity {
        key: parent.key,
        arn: arn.clone(),
        name: Arc::from(*name),
        machine_arn: format!("{}:stateMachine:{machine}", scope.join(":")).into(),
        machine_name: Arc::from(*machine),
        role_arn: parent.role_arn.clone(),
        express: *kind == "express",
    })
}
