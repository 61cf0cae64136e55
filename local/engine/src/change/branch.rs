//! Changes of a Parallel's branches, which show in no event of their own.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Flow;

use super::kind::Change;
use super::position::EventPosition;
use super::structure::{NewBranch, close, open, stop};
use crate::execution_state::{ExecutionState, ThreadId};
use crate::{InvariantViolation, Timestamp};

/// A branch has started.
#[derive(Debug, Clone)]
pub(crate) struct BranchStarted {
    pub(crate) parent: ThreadId,
    pub(crate) branch: ThreadId,
    pub(crate) index: usize,
    pub(crate) flow: Arc<Flow>,
    pub(crate) input: Arc<Value>,
}

impl Change for BranchStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.parent)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let parent = execution.thread(self.parent)?;
        let (owner, last) = (parent.history_owner, parent.last);
        let new = NewBranch {
            parent: self.parent,
            branch: self.branch,
            index: self.index,
            flow: self.flow,
            input: self.input,
            item: None,
        };
        let thread = open(execution, new)?;
        thread.history_owner = owner;
        thread.last = last;
        Ok(None)
    }
}

/// A branch has ended well.
#[derive(Debug, Clone)]
pub(crate) struct BranchSucceeded {
    pub(crate) thread: ThreadId,
    pub(crate) output: Arc<Value>,
}

impl Change for BranchSucceeded {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let last = execution.thread(self.thread)?.last;
        let slot = close(execution, self.thread, self.output)?;
        execution.thread_mut(slot.parent)?.last = last;
        Ok(None)
    }
}

/// A branch has failed.
#[derive(Debug, Clone)]
pub(crate) struct BranchFailed {
    pub(crate) thread: ThreadId,
}

impl Change for BranchFailed {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let last = execution.thread(self.thread)?.last;
        let slot = execution.slot(self.thread)?;
        execution.thread_mut(slot.parent)?.last = last;
        stop(execution, self.thread)?;
        Ok(None)
    }
}
