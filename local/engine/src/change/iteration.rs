//! Changes of an inline Map's iterations.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Flow;

use super::kind::Change;
use super::position::{EventPosition, History, append_aside, next_event};
use super::structure::{NewBranch, close, open, stop};
use crate::event::{EventKind, Iteration};
use crate::execution_state::{ExecutionState, MapItem, ThreadId};
use crate::{Identity, InvariantViolation, Timestamp};

/// An iteration has started.
#[derive(Debug, Clone)]
pub(crate) struct IterationStarted {
    pub(crate) parent: ThreadId,
    pub(crate) branch: ThreadId,
    pub(crate) index: usize,
    pub(crate) flow: Arc<Flow>,
    pub(crate) item: Arc<MapItem>,
    pub(crate) input: Arc<Value>,
}

impl Change for IterationStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.parent)
    }

    fn history(&self) -> History {
        History::Of(self.parent)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::MapIterationStarted(Iteration {
            name: before.instance(self.parent)?.state.name.clone(),
            index: self.index as u64,
        })))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let link = execution.iterations(self.parent)?.link;
        let owner = execution.thread(self.parent)?.history_owner;
        let position = next_event(execution, owner, link)?;
        execution.iterations_mut(self.parent)?.next = self.index + 1;
        let new = NewBranch {
            parent: self.parent,
            branch: self.branch,
            index: self.index,
            flow: self.flow,
            input: self.input,
            item: Some(self.item),
        };
        let thread = open(execution, new)?;
        thread.history_owner = owner;
        thread.last = position.id;
        Ok(Some(position))
    }
}

/// The iteration that a thread is.
fn iteration(before: &ExecutionState, thread: ThreadId) -> Result<Iteration, InvariantViolation> {
    let slot = before.slot(thread)?;
    Ok(Iteration {
        name: before.instance(slot.parent)?.state.name.clone(),
        index: slot.index as u64,
    })
}

/// An iteration has ended well.
#[derive(Debug, Clone)]
pub(crate) struct IterationSucceeded {
    pub(crate) thread: ThreadId,
    pub(crate) output: Arc<Value>,
}

impl Change for IterationSucceeded {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::MapIterationSucceeded(iteration(before, self.thread)?)))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let parent = execution.slot(self.thread)?.parent;
        execution.iterations(parent)?;
        let position = append_aside(execution, self.thread)?;
        close(execution, self.thread, self.output)?;
        execution.iterations_mut(parent)?.link = position.previous;
        execution.thread_mut(parent)?.last = position.id;
        Ok(Some(position))
    }
}

/// An iteration has failed.
#[derive(Debug, Clone)]
pub(crate) struct IterationFailed {
    pub(crate) thread: ThreadId,
}

impl Change for IterationFailed {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::MapIterationFailed(iteration(before, self.thread)?)))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let parent = execution.slot(self.thread)?.parent;
        execution.thread(parent)?;
        let position = append_aside(execution, self.thread)?;
        stop(execution, self.thread)?;
        execution.thread_mut(parent)?.last = position.previous;
        Ok(Some(position))
    }
}

/// An iteration was cut short.
#[derive(Debug, Clone)]
pub(crate) struct IterationAborted {
    pub(crate) thread: ThreadId,
}

impl Change for IterationAborted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::MapIterationAborted(iteration(before, self.thread)?)))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let position = append_aside(execution, self.thread)?;
        stop(execution, self.thread)?;
        Ok(Some(position))
    }
}
