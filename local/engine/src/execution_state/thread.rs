//! Threads of control.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Flow, Name};
use sluice_asl::{State, StateMachine, Variables};

use super::child::ChildExecution;
use super::instance::StateInstance;
use super::thread_id::ThreadId;
use crate::Timestamp;

/// One thread of control.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    /// The thread whose history its events belong to: the machine's own, or the first thread of a Map Run's child
    /// execution.
    pub(crate) history_owner: ThreadId,
    /// The child execution of which it is the first thread.
    pub(crate) child: Option<Box<ChildExecution>>,
    pub(crate) slot: Option<BranchSlot>,
    pub(crate) flow: FlowRef,
    pub(crate) variables: Arc<Variables>,
    /// `$$.Map.Item`, inside an iteration.
    pub(crate) item: Option<Arc<MapItem>>,
    /// The event that its next one follows.
    pub(crate) last: u64,
    /// The state to be entered next, with its input.
    pub(crate) pending: Option<(Name, Arc<Value>)>,
    pub(crate) instance: Option<Box<StateInstance>>,
    /// Failed or aborted: it does nothing more, unless the execution is redriven.
    pub(crate) stopped: bool,
    /// Its place among the execution's deadlines.
    pub(crate) armed: Option<Timestamp>,
}

/// The place of a branch or an iteration among those of its Parallel or Map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BranchSlot {
    pub(crate) parent: ThreadId,
    pub(crate) index: usize,
}

/// `$$.Map.Item`.
#[derive(Debug)]
pub(crate) struct MapItem {
    pub(crate) index: usize,
    pub(crate) value: Arc<Value>,
}

/// The states that a thread runs.
#[derive(Debug, Clone)]
pub(crate) enum FlowRef {
    /// The machine's own.
    Machine,
    /// A branch's or an iteration's.
    Inner(Arc<Flow>),
}

impl FlowRef {
    /// The state of that name in the flow.
    pub(crate) fn state(&self, machine: &StateMachine, name: &str) -> Option<Arc<State>> {
        let flow = match self {
            FlowRef::Machine => &machine.flow,
            FlowRef::Inner(flow) => flow,
        };
        flow.states.get(name).cloned()
    }
}

impl Thread {
    /// The time at which it wants to be woken.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let limit = self.child.as_ref().and_then(|child| child.times_out_at);
        let own = self.instance.as_ref().and_then(|instance| instance.status.deadline());
        own.into_iter().chain(limit).min()
    }
}
