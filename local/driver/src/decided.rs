//! Decisions that were made away from the engine's thread, as data.

use std::sync::Arc;

use sluice_engine::{Breakdown, Consequences, Execution, Fact, HistoryEvent, LogEntry};

use crate::observations::AtStake;

/// A decided fact, before it is written.
#[derive(Debug)]
pub(crate) struct Decided {
    /// The fact, with the evaluations that were made for it.
    pub(crate) entry: LogEntry,
    pub(crate) turn: Consequences,
    /// The last event of the history, if it has added any.
    pub(crate) newest: Option<HistoryEvent>,
    pub(crate) at_stake: Vec<AtStake>,
    /// The states that were entered, if somebody wants to know.
    pub(crate) entered: Vec<Arc<str>>,
}

/// A decision about facts that follow each other.
#[derive(Debug)]
pub(crate) enum Decision {
    /// The execution as it is afterwards.
    Made(Box<Execution>, Vec<Decided>),
    /// It was given up; with the fact that it was about.
    GivenUp(Box<Fact>, Breakdown),
}
