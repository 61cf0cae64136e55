//! What decisions consist of. Each change is applied by [`crate::evolve`], and shown in the history by
//! [`crate::project`] if it shows there at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Name;
use sluice_asl::{State, Variables};

use crate::event::ErrorDetails;
use crate::life::{Block, Call, ChildExecution, FlowRef, Life, MapItem, MapRun, ROOT, ThreadId, Threshold};
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
    TimeoutRestarted {
        thread: ThreadId,
        times_out_at: Option<Timestamp>,
        heartbeat_by: Option<Timestamp>,
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
    /// A child execution has ended; one that was unsuccessful stays, to be redriven.
    ChildEnded {
        thread: ThreadId,
        outcome: Outcome,
    },
    /// An unsuccessful child waits for its turn to run again.
    ChildQueued {
        thread: ThreadId,
    },
    /// It takes up its work again.
    ChildRedriven {
        thread: ThreadId,
    },
    /// Another child starts in its place.
    ChildReplaced {
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
        max_concurrency: u64,
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
    /// The thread that it is about; for the start of a branch, the one that opens it.
    pub(crate) fn thread(&self) -> Option<ThreadId> {
        match self {
            Change::Halted { thread }
            | Change::Revived { thread, .. }
            | Change::RetryArmed { thread, .. }
            | Change::RetryBegun { thread }
            | Change::WaitArmed { thread, .. }
            | Change::HeartbeatTaken { thread, .. }
            | Change::TimeoutRestarted { thread, .. }
            | Change::BranchSucceeded { thread, .. }
            | Change::BranchFailed { thread }
            | Change::ChildEnded { thread, .. }
            | Change::ChildQueued { thread }
            | Change::ChildRedriven { thread }
            | Change::ChildReplaced { thread }
            | Change::MapRunUpdated { thread, .. }
            | Change::BlockCleared { thread } => Some(*thread),
            Change::BranchOpened { parent, .. } | Change::ChildStarted { parent, .. } => Some(*parent),
            _ => self.shown_at(),
        }
    }

    /// The thread to whose history its event belongs, if it has one, seen from the state `life` before it.
    pub(crate) fn home(&self, life: &Life) -> Option<ThreadId> {
        match self {
            Change::ChildStarted { branch, .. } => Some(*branch),
            Change::ChildEnded { thread, .. } | Change::ChildRedriven { thread } => Some(*thread),
            Change::Started { .. } | Change::Ended { .. } | Change::Redriven { .. } => Some(ROOT),
            _ => Some(life.threads.get(&self.shown_at()?)?.home),
        }
    }

    /// The thread in whose history the change is an event and may have no room; `None` for bookkeeping, and for the
    /// first and the last event of a child execution.
    pub(crate) fn shown_at(&self) -> Option<ThreadId> {
        match self {
            Change::Started { .. } | Change::Ended { .. } | Change::Redriven { .. } => Some(ROOT),
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
            | Change::TimeoutRestarted { .. }
            | Change::BranchOpened { .. }
            | Change::ChildStarted { .. }
            | Change::BranchSucceeded { .. }
            | Change::BranchFailed { .. }
            | Change::ChildEnded { .. }
            | Change::ChildQueued { .. }
            | Change::ChildRedriven { .. }
            | Change::ChildReplaced { .. }
            | Change::MapRunUpdated { .. }
            | Change::BlockCleared { .. } => None,
        }
    }
}
