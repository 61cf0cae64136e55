//! What decisions consist of. Each change is applied by [`crate::evolve`], and shown in the history by
//! [`crate::project`] if it shows there at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Name;
use sluice_asl::{State, Variables};

use crate::event::ErrorDetails;
use crate::life::{Block, Call, ChildExecution, FlowRef, MapItem, MapRun, ThreadId, Threshold};
use crate::{Outcome, Timestamp};

/// One step of a decision.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    // the execution
    Started {
        input: Arc<Value>,
        times_out_at: Timestamp,
        start_at: Name,
    },
    Ended {
        outcome: Outcome,
        at: Timestamp,
    },
    Redriven {
        times_out_at: Timestamp,
    },

    /// Which activities do not exist.
    ActivitiesMissing {
        arns: Arc<BTreeSet<Arc<str>>>,
    },

    // any state
    StateEntered {
        thread: ThreadId,
        state: Arc<State>,
        input: Arc<Value>,
    },
    StateExited {
        thread: ThreadId,
        output: Arc<Value>,
        assigned: Option<Arc<Variables>>,
        next: Option<Name>,
    },
    /// A JSONata expression failed. `early`: the event is linked as if the state had not been entered.
    EvaluationFailed {
        thread: ThreadId,
        early: bool,
        error: &'static str,
        cause: String,
        location: Option<String>,
    },
    /// A retrier was used.
    RetryArmed {
        thread: ThreadId,
        retrier: usize,
        at: Timestamp,
    },
    RetryBegun {
        thread: ThreadId,
    },
    /// The thread failed or was aborted without an event of its own.
    Halted {
        thread: ThreadId,
    },
    /// A Task, Wait, Parallel or Map was cut short.
    StateAborted {
        thread: ThreadId,
    },
    /// A halted thread takes up its work again, after `ExecutionRedriven`.
    Revived {
        thread: ThreadId,
        anew: bool,
    },

    // Wait
    WaitArmed {
        thread: ThreadId,
        until: Timestamp,
    },

    // Task
    CallScheduled {
        thread: ThreadId,
        call: Box<Call>,
    },
    CallStarted {
        thread: ThreadId,
    },
    WorkerStarted {
        thread: ThreadId,
        worker: Option<String>,
        heartbeat_by: Option<Timestamp>,
    },
    CallSubmitted {
        thread: ThreadId,
        output: Arc<Value>,
    },
    HeartbeatTaken {
        thread: ThreadId,
        heartbeat_by: Timestamp,
    },
    CallSucceeded {
        thread: ThreadId,
        output: Arc<Value>,
    },
    CallFailed {
        thread: ThreadId,
        details: ErrorDetails,
    },
    CallTimedOut {
        thread: ThreadId,
        details: ErrorDetails,
    },

    // Parallel and Map
    BlockStarted {
        thread: ThreadId,
        block: Box<Block>,
    },
    /// `inputs`: those of the children, after ItemSelector and ItemBatcher.
    MapRunStarted {
        thread: ThreadId,
        run: Box<MapRun>,
        inputs: Vec<Arc<Value>>,
    },
    BranchOpened {
        parent: ThreadId,
        branch: ThreadId,
        index: usize,
        flow: FlowRef,
        input: Arc<Value>,
    },
    IterationStarted {
        parent: ThreadId,
        branch: ThreadId,
        index: usize,
        flow: FlowRef,
        item: Arc<MapItem>,
        input: Arc<Value>,
    },
    ChildStarted {
        parent: ThreadId,
        branch: ThreadId,
        index: usize,
        flow: FlowRef,
        child: Box<ChildExecution>,
    },
    BranchSucceeded {
        thread: ThreadId,
        output: Arc<Value>,
    },
    BranchFailed {
        thread: ThreadId,
    },
    IterationSucceeded {
        thread: ThreadId,
        output: Arc<Value>,
    },
    IterationFailed {
        thread: ThreadId,
    },
    IterationAborted {
        thread: ThreadId,
    },
    ChildSucceeded {
        thread: ThreadId,
        output: Arc<Value>,
    },
    /// A child's failure that the run tolerates.
    ChildTolerated {
        thread: ThreadId,
    },
    ChildFailed {
        thread: ThreadId,
    },
    MapRunSucceeded {
        thread: ThreadId,
    },
    MapRunFailed {
        thread: ThreadId,
        details: ErrorDetails,
    },
    MapRunAborted {
        thread: ThreadId,
    },
    MapRunRedriven {
        thread: ThreadId,
    },
    MapRunUpdated {
        thread: ThreadId,
        limit: usize,
        tolerance: Threshold,
    },
    /// `unlinked`: what follows is linked to `MapRunStarted`.
    BlockSucceeded {
        thread: ThreadId,
        unlinked: bool,
    },
    BlockFailed {
        thread: ThreadId,
    },
    /// The block is over or starts anew: its threads go.
    BlockCleared {
        thread: ThreadId,
    },
}

/// Where a change stands in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Whose history.
    pub(crate) home: ThreadId,
    pub(crate) id: u64,
    pub(crate) previous: u64,
}

impl Change {
    /// The thread in whose history the change is an event; `None` for bookkeeping.
    pub(crate) fn shown_at(&self) -> Option<ThreadId> {
        match self {
            Change::Started { .. } | Change::Ended { .. } | Change::Redriven { .. } => Some(crate::life::ROOT),
            Change::StateEntered { thread, .. }
            | Change::StateExited { thread, .. }
            | Change::EvaluationFailed { thread, .. }
            | Change::StateAborted { thread }
            | Change::CallScheduled { thread, .. }
            | Change::CallStarted { thread }
            | Change::WorkerStarted { thread, .. }
            | Change::CallSubmitted { thread, .. }
            | Change::CallSucceeded { thread, .. }
            | Change::CallFailed { thread, .. }
            | Change::CallTimedOut { thread, .. }
            | Change::BlockStarted { thread, .. }
            | Change::MapRunStarted { thread, .. }
            | Change::IterationSucceeded { thread, .. }
            | Change::IterationFailed { thread }
            | Change::IterationAborted { thread }
            | Change::MapRunSucceeded { thread }
            | Change::MapRunFailed { thread, .. }
            | Change::MapRunAborted { thread }
            | Change::MapRunRedriven { thread }
            | Change::BlockSucceeded { thread, .. }
            | Change::BlockFailed { thread } => Some(*thread),
            Change::IterationStarted { parent, .. } => Some(*parent),
            Change::ActivitiesMissing { .. }
            | Change::RetryArmed { .. }
            | Change::RetryBegun { .. }
            | Change::Halted { .. }
            | Change::Revived { .. }
            | Change::WaitArmed { .. }
            | Change::HeartbeatTaken { .. }
            | Change::BranchOpened { .. }
            | Change::ChildStarted { .. }
            | Change::BranchSucceeded { .. }
            | Change::BranchFailed { .. }
            | Change::ChildSucceeded { .. }
            | Change::ChildTolerated { .. }
            | Change::ChildFailed { .. }
            | Change::MapRunUpdated { .. }
            | Change::BlockCleared { .. } => None,
        }
    }
}
