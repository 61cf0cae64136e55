//! Child executions of Map Runs.

use std::sync::Arc;

use serde_json::Value;

use crate::{Outcome, Status, Timestamp};

/// A child execution of a Map Run: its events are its own and not its parent's.
#[derive(Debug, Clone)]
pub(crate) struct ChildExecution {
    pub(crate) arn: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) input: Arc<Value>,
    pub(crate) express: bool,
    pub(crate) started_at: Timestamp,
    /// Its own time limit; a Standard child does not outlive its parent.
    pub(crate) times_out_at: Option<Timestamp>,
    pub(crate) events: u64,
    pub(crate) status: Status,
    /// Its last end, and the time of that.
    pub(crate) ended: Option<(Status, Timestamp)>,
    pub(crate) redrives: u64,
    pub(crate) redriven_at: Option<Timestamp>,
}

/// A child execution and its end.
#[derive(Debug, Clone)]
pub(crate) struct ChildEnd {
    pub(crate) child: Box<ChildExecution>,
    pub(crate) outcome: Outcome,
}
