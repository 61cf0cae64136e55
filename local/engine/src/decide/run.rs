//! The loop that works a decision's queue off.

use std::sync::Arc;

use serde_json::Value;

use crate::decision::{Decision, Failure, Step, StopReason, Work};
use crate::execution_state::ThreadId;
use crate::states::behavior;
use crate::{InvariantViolation, Outcome};

/// Works the queue off, after a first step.
pub(super) fn run(d: &mut Decision<'_>, first: Step) -> Result<(), InvariantViolation> {
    d.finish_step(first)?;
    while let Some(work) = d.take_work() {
        let step = perform(d, work);
        d.finish_step(step)?;
    }
    Ok(())
}

fn perform(d: &mut Decision<'_>, work: Work) -> Step {
    // what came before it in the queue may have stopped the thread
    if !d.execution().is_live(work.thread()) {
        return Ok(());
    }
    match work {
        Work::Enter(thread) => d.enter(thread),
        Work::Start(thread) => {
            let state = d.state_of(thread)?;
            behavior(&state.kind).start(d, thread)
        }
        Work::Return(thread, output) => succeed_thread(d, thread, output),
        Work::Fail(thread, failure) => fail_thread(d, thread, failure),
    }
}

/// Ends a thread well: its output is that of a branch of a Parallel or Map, or of the execution.
fn succeed_thread(d: &mut Decision<'_>, thread: ThreadId, output: Arc<Value>) -> Step {
    let Some(slot) = d.execution().thread(thread)?.slot else {
        d.finish(Outcome::Succeeded { output }, d.at)?;
        return Err(StopReason::ExecutionEnded);
    };
    let state = d.state_of(slot.parent)?;
    behavior(&state.kind).branch_succeeded(d, slot.parent, thread, output)
}

/// Fails a thread: its Parallel or Map takes that up, or the execution fails.
fn fail_thread(d: &mut Decision<'_>, thread: ThreadId, failure: Failure) -> Step {
    let Some(slot) = d.execution().thread(thread)?.slot else {
        d.finish(failure.into_outcome(), d.at)?;
        return Err(StopReason::ExecutionEnded);
    };
    let state = d.state_of(slot.parent)?;
    behavior(&state.kind).branch_failed(d, slot.parent, thread, failure)
}
