//! Changes of a Map Run's child executions.

use std::sync::Arc;

use sluice_asl::definition::Flow;

use super::execution::{end_event, end_follows};
use super::kind::Change;
use super::position::{EventPosition, History};
use super::structure::{NewBranch, close, open, remove_descendants, stop};
use crate::event::EventKind;
use crate::execution_state::{BranchSlot, ChildEnd, ChildExecution, ExecutionState, ThreadId};
use crate::limits::MAX_EVENTS;
use crate::map_run::MapRunStatus;
use crate::map_run_changes::MapRunChange;
use crate::{Identity, InvariantViolation, Outcome, Status, Timestamp};

/// A child execution has started.
#[derive(Debug, Clone)]
pub(crate) struct ChildStarted {
    pub(crate) parent: ThreadId,
    pub(crate) branch: ThreadId,
    pub(crate) index: usize,
    pub(crate) flow: Arc<Flow>,
    pub(crate) child: Box<ChildExecution>,
}

impl Change for ChildStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.parent)
    }

    fn history(&self) -> History {
        History::OwnedBy(self.branch)
    }

    fn event(&self, _before: &ExecutionState, identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::ExecutionStarted {
            input: self.child.input.clone(),
            role_arn: identity.role_arn.clone(),
        }))
    }

    fn map_run(&self, before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        MapRunChange::started_child(before, self.parent, self.index, self.branch, &self.child).map(Some)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.run(self.parent)?;
        let iterations = execution.iterations_mut(self.parent)?;
        iterations.next = iterations.next.max(self.index + 1);
        execution
            .run_mut(self.parent)?
            .recount(self.index, None, Some(Status::Running));
        let new = NewBranch {
            parent: self.parent,
            branch: self.branch,
            index: self.index,
            flow: self.flow,
            input: self.child.input.clone(),
            item: None,
        };
        let thread = open(execution, new)?;
        // a child execution has its own variables, its own history and its own context object
        thread.variables = Arc::default();
        thread.item = None;
        thread.child = Some(self.child);
        execution.rearm(self.branch);
        Ok(Some(EventPosition {
            owner: self.branch,
            id: 1,
            previous: 0,
        }))
    }
}

/// A child execution has ended; one that was unsuccessful stays, to be redriven.
#[derive(Debug, Clone)]
pub(crate) struct ChildEnded {
    pub(crate) thread: ThreadId,
    pub(crate) outcome: Outcome,
}

impl Change for ChildEnded {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::OwnedBy(self.thread)
    }

    fn event(&self, _before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(end_event(&self.outcome)))
    }

    fn map_run(&self, before: &ExecutionState, at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        let events = before.child(self.thread)?.events + 1;
        let status = self.outcome.status();
        MapRunChange::of_child(before, self.thread, |child| {
            child.status = status;
            child.ended_at = Some(at);
            child.full = status != Status::Succeeded && events >= MAX_EVENTS - 1;
        })
        .map(Some)
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        let Self { thread, outcome } = self;
        let previous = end_follows(execution, thread, &outcome)?;
        let slot = checked_slot(execution, thread)?;
        // a run within it ends with it
        if let Ok(run) = execution.run_mut(thread) {
            run.end(MapRunStatus::Aborted, at);
        }
        let status = outcome.status();
        recount(execution, thread, slot, Some(status))?;
        let child = execution.child_mut(thread)?;
        child.events += 1;
        child.ended = Some((status, at));
        let position = EventPosition {
            owner: thread,
            id: child.events,
            previous,
        };
        if execution.run(slot.parent)?.ends.is_some() {
            let child = Box::new(execution.child(thread)?.clone());
            let outcome = outcome.clone();
            if let Some(ends) = &mut execution.run_mut(slot.parent)?.ends {
                ends.insert(slot.index, ChildEnd { child, outcome });
            }
        }
        if let Outcome::Succeeded { output } = outcome {
            close(execution, thread, output)?;
        } else {
            stop(execution, thread)?;
            execution.fan_out_mut(slot.parent)?.open -= 1;
        }
        Ok(Some(position))
    }
}

/// The place of a child execution in a Map Run that is there, before anything is changed.
fn checked_slot(execution: &ExecutionState, thread: ThreadId) -> Result<BranchSlot, InvariantViolation> {
    execution.child(thread)?;
    let slot = execution.slot(thread)?;
    execution.run(slot.parent)?;
    Ok(slot)
}

/// Counts a child under another status from now on; `None`: as one that has not started.
fn recount(
    execution: &mut ExecutionState,
    thread: ThreadId,
    slot: BranchSlot,
    to: Option<Status>,
) -> Result<(), InvariantViolation> {
    let child = execution.child_mut(thread)?;
    let from = child.status;
    child.status = to.unwrap_or(from);
    execution.run_mut(slot.parent)?.recount(slot.index, Some(from), to);
    Ok(())
}

/// An unsuccessful child waits for its turn to run again.
#[derive(Debug, Clone)]
pub(crate) struct ChildQueued {
    pub(crate) thread: ThreadId,
}

impl Change for ChildQueued {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn map_run(&self, before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        MapRunChange::of_child(before, self.thread, |child| child.status = Status::PendingRedrive).map(Some)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let slot = checked_slot(execution, self.thread)?;
        recount(execution, self.thread, slot, Some(Status::PendingRedrive))?;
        let iterations = execution.iterations_mut(slot.parent)?;
        iterations.redrive_queue.push_back(self.thread);
        Ok(None)
    }
}

/// A child execution takes up its work again.
#[derive(Debug, Clone)]
pub(crate) struct ChildRedriven {
    pub(crate) thread: ThreadId,
}

impl Change for ChildRedriven {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::OwnedBy(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::ExecutionRedriven {
            redrive_count: before.child(self.thread)?.redrives + 1,
        }))
    }

    fn map_run(&self, before: &ExecutionState, at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        MapRunChange::of_child(before, self.thread, |child| {
            child.status = Status::Running;
            child.ended_at = None;
            child.redrives += 1;
            child.redriven_at = Some(at);
        })
        .map(Some)
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        let slot = checked_slot(execution, self.thread)?;
        recount(execution, self.thread, slot, Some(Status::Running))?;
        let child = execution.child_mut(self.thread)?;
        child.events += 1;
        child.redrives += 1;
        child.redriven_at = Some(at);
        child.ended = None;
        let position = EventPosition {
            owner: self.thread,
            id: child.events,
            previous: child.events - 1,
        };
        execution.fan_out_mut(slot.parent)?.open += 1;
        execution.iterations_mut(slot.parent)?.unqueue(self.thread);
        Ok(Some(position))
    }
}

/// Another child starts in the place of an unsuccessful one: its item counts as not started, and all that is left of it
/// goes.
#[derive(Debug, Clone)]
pub(crate) struct ChildReplaced {
    pub(crate) thread: ThreadId,
}

impl Change for ChildReplaced {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn map_run(&self, before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        let ended = before.child(self.thread)?.ended;
        MapRunChange::of_child(before, self.thread, |child| {
            child.status = ended.map_or(child.status, |(status, _)| status);
        })
        .map(Some)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let slot = checked_slot(execution, self.thread)?;
        recount(execution, self.thread, slot, None)?;
        execution.iterations_mut(slot.parent)?.unqueue(self.thread);
        remove_descendants(execution, self.thread);
        execution.remove(self.thread);
        Ok(None)
    }
}
