//! Threads that open, close and stop: the parts of several changes.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Flow;

use crate::InvariantViolation;
use crate::execution_state::{BranchSlot, ExecutionState, FlowRef, InstanceStatus, MapItem, Thread, ThreadId};

/// A branch before it starts.
pub(super) struct NewBranch {
    pub(super) parent: ThreadId,
    pub(super) branch: ThreadId,
    pub(super) index: usize,
    pub(super) flow: Arc<Flow>,
    pub(super) input: Arc<Value>,
    /// The iteration's item, which a branch of another kind has from its parent.
    pub(super) item: Option<Arc<MapItem>>,
}

/// Opens a thread for a branch, with the variables that its parent sees and a history of its own.
pub(super) fn open(execution: &mut ExecutionState, new: NewBranch) -> Result<&mut Thread, InvariantViolation> {
    let outer = execution.thread(new.parent)?;
    let thread = Thread {
        history_owner: new.branch,
        child: None,
        slot: Some(BranchSlot {
            parent: new.parent,
            index: new.index,
        }),
        pending: Some((new.flow.start_at.clone(), new.input)),
        flow: FlowRef::Inner(new.flow),
        variables: outer.variables.clone(),
        item: new.item.or_else(|| outer.item.clone()),
        last: 0,
        instance: None,
        stopped: false,
        armed: None,
    };
    execution.fan_out_mut(new.parent)?.open += 1;
    execution.next_thread = new.branch.0 + 1;
    Ok(execution.threads.entry(new.branch).or_insert(thread))
}

/// Takes a finished branch out and keeps its output.
pub(super) fn close(
    execution: &mut ExecutionState,
    branch: ThreadId,
    output: Arc<Value>,
) -> Result<BranchSlot, InvariantViolation> {
    let slot = execution.slot(branch)?;
    let fan_out = execution.fan_out_mut(slot.parent)?;
    fan_out.open -= 1;
    if let Some(result) = fan_out.results.get_mut(slot.index) {
        *result = Some(output);
    }
    execution.remove(branch);
    Ok(slot)
}

/// Stops a thread: nobody waits for its attempt any more.
pub(super) fn stop(execution: &mut ExecutionState, thread: ThreadId) -> Result<(), InvariantViolation> {
    execution.thread_mut(thread)?.stopped = true;
    close_call(execution, thread);
    Ok(())
}

/// Closes the thread's attempt, if it has one; its token is remembered as closed.
pub(super) fn close_call(execution: &mut ExecutionState, thread: ThreadId) {
    let Some(instance) = execution
        .threads
        .get_mut(&thread)
        .and_then(|thread| thread.instance.as_deref_mut())
    else {
        return;
    };
    if !matches!(instance.status, InstanceStatus::Calling(_)) {
        return;
    }
    let InstanceStatus::Calling(call) = std::mem::replace(&mut instance.status, InstanceStatus::Deciding) else {
        return;
    };
    execution.open_attempts.remove(&call.task.attempt);
    if let Some(token) = call.task.token {
        execution.closed_tokens.insert(call.task.attempt, token);
    }
}

/// Takes out all threads below `top`.
pub(super) fn remove_descendants(execution: &mut ExecutionState, top: ThreadId) {
    // a state without branches has nobody below: a Map's thousands of failed children need no search each
    let has_branches = |state: &ExecutionState| state.instance_if_any(top).is_some_and(|i| i.fan_out().is_some());
    if !has_branches(execution) {
        return;
    }
    for thread in execution.descendants(top).into_values().flatten() {
        close_call(execution, thread);
        execution.remove(thread);
    }
}
