//! Answers to calls, and what else happens to them.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::serialized_len;

use crate::change::call::{CallFailed, CallSucceeded, HeartbeatReceived, TimeoutRestarted, WorkerStarted};
use crate::decision::{Decision, Failure, Step};
use crate::execution_state::ThreadId;
use crate::limits::{MAX_PAYLOAD, after};
use crate::states::{behavior, task};
use crate::{AttemptId, InvariantViolation, Timestamp};

/// The thread that waits for the answer of an attempt.
pub(super) fn waiting(d: &Decision<'_>, attempt: AttemptId) -> Result<ThreadId, InvariantViolation> {
    let thread = d.execution().open_attempts.get(&attempt).copied();
    thread.ok_or(InvariantViolation::AttemptNotOpen(attempt))
}

/// Takes a good answer, unless it is larger than a payload may be.
pub(super) fn succeed(d: &mut Decision<'_>, thread: ThreadId, output: &Arc<Value>) -> Step {
    if serialized_len(output) > MAX_PAYLOAD {
        let resource = &d.execution().call(thread)?.task.resource;
        let failure = Failure::data_limit(task::name_in_cause(resource));
        return fail(d, thread, failure);
    }
    d.emit(CallSucceeded {
        thread,
        output: output.clone(),
    })?;
    let state = d.state_of(thread)?;
    behavior(&state.kind).call_succeeded(d, thread, output)
}

/// Takes a bad answer.
pub(super) fn fail(d: &mut Decision<'_>, thread: ThreadId, failure: Failure) -> Step {
    d.emit(CallFailed {
        thread,
        details: failure.details(),
    })?;
    d.fail_state(thread, failure)
}

/// Notes that a worker has taken an activity's task; its heartbeats count from now.
pub(super) fn start_worker(d: &mut Decision<'_>, thread: ThreadId, worker: Option<String>) -> Step {
    let interval = d.execution().call(thread)?.task.heartbeat_seconds;
    let heartbeat_by = interval.map(|seconds| after(d.at, seconds));
    d.emit(WorkerStarted {
        thread,
        worker,
        heartbeat_by,
    })
}

/// Moves the deadline of an attempt's heartbeats, if it has one.
pub(super) fn heartbeat(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    let call = d.execution().call(thread)?;
    match (call.heartbeat_by, call.task.heartbeat_seconds) {
        (Some(_), Some(seconds)) => d.emit(HeartbeatReceived {
            thread,
            heartbeat_by: after(d.at, seconds),
        }),
        _ => Ok(()),
    }
}

/// Gives each call in flight its whole time again. The time of what others answer, and the execution's own, goes on.
pub(super) fn restart_timeouts(d: &mut Decision<'_>) -> Step {
    let now = d.at;
    let mut changes = Vec::new();
    for thread in d.execution().open_attempts.values().copied() {
        let call = d.execution().call(thread)?;
        if call.is_timed() {
            let again = |set: Option<Timestamp>, seconds: Option<u64>| Some(after(now, set.and(seconds)?));
            changes.push(TimeoutRestarted {
                thread,
                times_out_at: again(call.times_out_at, call.task.timeout_seconds),
                heartbeat_by: again(call.heartbeat_by, call.task.heartbeat_seconds),
            });
        }
    }
    changes.into_iter().try_for_each(|change| d.emit(change))
}
