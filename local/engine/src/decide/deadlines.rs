//! Deadlines that have passed.

use super::run::run;
use crate::change::call::CallTimedOut;
use crate::change::state::RetryStarted;
use crate::decision::{Decision, Failure, Step, Work};
use crate::execution_state::{InstanceStatus, Thread, ThreadId};
use crate::states::{behavior, map};
use crate::{Effect, InvariantViolation, Outcome, Timestamp};

/// Does what is due, the earliest first, and all that follows from it before the next.
pub(super) fn passed(d: &mut Decision<'_>) -> Result<(), InvariantViolation> {
    let now = d.at;
    let ends_at = d.execution().times_out_at;
    if ends_at <= now {
        // an execution that should be over takes no later time into its history
        d.at = ends_at.max(d.execution().last_at);
    }
    let due = d.execution().deadlines.range(..=(d.at, ThreadId(u32::MAX)));
    let due: Vec<(Timestamp, ThreadId)> = due.copied().collect();
    for (at, thread) in due {
        if !d.execution().is_running() {
            return Ok(());
        }
        if is_due(d, thread, at) {
            let step = wake(d, thread, at);
            run(d, step)?;
        }
    }
    if d.execution().is_running() && d.execution().times_out_at <= now {
        d.finish(Outcome::TimedOut, d.execution().times_out_at)?;
    }
    Ok(())
}

/// Tells whether a thread still waits for that time: an earlier deadline may have ended it.
fn is_due(d: &Decision<'_>, thread: ThreadId, at: Timestamp) -> bool {
    let deadline = d.execution().threads.get(&thread).and_then(Thread::deadline);
    d.execution().is_live(thread) && deadline.is_some_and(|deadline| deadline <= at)
}

fn wake(d: &mut Decision<'_>, thread: ThreadId, due: Timestamp) -> Step {
    let child = d.execution().thread(thread)?.child.as_deref();
    if child.is_some_and(|child| child.times_out_at.is_some_and(|at| at <= due)) {
        return map::end_child(d, thread, Outcome::TimedOut);
    }
    match &d.execution().instance(thread)?.status {
        InstanceStatus::Waiting { .. } => {
            let state = d.state_of(thread)?;
            behavior(&state.kind).wait_over(d, thread)
        }
        InstanceStatus::Retrying { .. } => {
            d.emit(RetryStarted { thread })?;
            d.next(Work::Start(thread));
            Ok(())
        }
        InstanceStatus::Calling(call) => {
            let attempt = call.task.attempt;
            let heartbeat = call.heartbeat_by == Some(due) && call.times_out_at != Some(due);
            let failure = if heartbeat {
                Failure::heartbeat_timeout()
            } else {
                Failure::timeout()
            };
            d.emit(CallTimedOut {
                thread,
                details: failure.details(),
            })?;
            d.effects.push(Effect::Abandon(attempt));
            d.fail_state(thread, failure)
        }
        InstanceStatus::Deciding | InstanceStatus::FannedOut(_) => Err(InvariantViolation::NoDeadline(thread.0).into()),
    }
}
