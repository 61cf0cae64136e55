//! The eight state types, one file each, and what Parallel and Map share.

pub(crate) mod choice;
pub(crate) mod fail;
pub(crate) mod map;
pub(crate) mod parallel;
pub(crate) mod pass;
pub(crate) mod succeed;
pub(crate) mod task;
pub(crate) mod wait;

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::StateKind;

use crate::Outcome;
use crate::change::Change;
use crate::decide::{Decision, Failure, Step};
use crate::life::{Activity, Seat, ThreadId};

/// A branch or an iteration has ended well.
pub(crate) fn branch_returned(d: &mut Decision<'_>, thread: ThreadId, seat: Seat, output: Arc<Value>) -> Step {
    let Some(state) = d.state_of(seat.parent) else {
        return Ok(());
    };
    match &state.kind {
        StateKind::Parallel(parallel) => parallel::branch_returned(d, thread, seat, parallel, output),
        StateKind::Map(map) => map::branch_returned(d, thread, seat, map, output),
        StateKind::Pass(_)
        | StateKind::Task(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_) => Ok(()),
    }
}

/// A branch or an iteration has failed.
pub(crate) fn branch_failed(d: &mut Decision<'_>, thread: ThreadId, seat: Seat, failure: Failure) -> Step {
    let Some(state) = d.state_of(seat.parent) else {
        return Ok(());
    };
    match &state.kind {
        StateKind::Parallel(_) => parallel::branch_failed(d, thread, seat, failure),
        StateKind::Map(_) => map::branch_failed(d, thread, seat, failure),
        StateKind::Pass(_)
        | StateKind::Task(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_) => Ok(()),
    }
}

/// Takes what is left of a failed Parallel or Map away, before it is tried again or its error is caught.
pub(crate) fn clear(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    let is_block = d.life.visit(thread).is_some_and(|visit| visit.block().is_some());
    if is_block {
        d.emit(Change::BlockCleared { thread })
    } else {
        Ok(())
    }
}

/// Cuts short all that still runs below a Parallel or Map, the innermost first. What belongs to another history, that
/// of a Map Run's child, is cut short in silence: that history may have no room for more.
pub(crate) fn abort_branches(d: &mut Decision<'_>, parent: ThreadId) -> Step {
    let home = d.home_of(parent);
    for thread in below(d, parent) {
        if d.home_of(thread) == home {
            abort(d, thread)?;
        } else {
            silence(d, thread)?;
        }
    }
    Ok(())
}

/// Cuts short all that still runs below a thread, without a word in its history.
pub(crate) fn silence_branches(d: &mut Decision<'_>, parent: ThreadId) -> Step {
    below(d, parent).into_iter().try_for_each(|thread| silence(d, thread))
}

/// All threads below one, each before the one that opened it.
fn below(d: &Decision<'_>, parent: ThreadId) -> Vec<ThreadId> {
    let mut children = d.life.families(parent);
    let mut found = Vec::new();
    let mut open: Vec<ThreadId> = children.remove(&parent).unwrap_or_default();
    while let Some(thread) = open.pop() {
        found.push(thread);
        open.extend(children.remove(&thread).unwrap_or_default());
    }
    found.reverse();
    found
}

fn silence(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    if !d.is_live(thread) {
        return Ok(());
    }
    abandon_call(d, thread);
    let is_child = d.life.threads.get(&thread).is_some_and(|thread| thread.child.is_some());
    if is_child {
        let outcome = Outcome::Aborted {
            error: None,
            cause: None,
        };
        return d.emit(Change::ChildEnded { thread, outcome });
    }
    d.emit(Change::Halted { thread })
}

pub(crate) fn abandon_call(d: &mut Decision<'_>, thread: ThreadId) {
    if let Some(attempt) = d
        .life
        .visit(thread)
        .and_then(|visit| visit.call())
        .map(|call| call.task.attempt)
    {
        d.abandon(attempt);
    }
}

fn abort(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    if !d.is_live(thread) {
        return Ok(());
    }
    abandon_call(d, thread);
    if let Some(visit) = d.life.visit(thread) {
        let is_run = visit.run().is_some();
        let shows = !matches!(visit.activity, Activity::Deciding);
        if is_run {
            d.emit(Change::MapRunAborted { thread })?;
        }
        if shows {
            d.emit(Change::StateAborted { thread })?;
        }
    }
    if is_iteration(d, thread) {
        d.emit(Change::IterationAborted { thread })
    } else {
        d.emit(Change::Halted { thread })
    }
}

/// Whether the thread is the outermost of an inline Map's iteration.
fn is_iteration(d: &Decision<'_>, thread: ThreadId) -> bool {
    let Some(seat) = d.life.threads.get(&thread).and_then(|thread| thread.seat) else {
        return false;
    };
    let block = d.life.visit(seat.parent).and_then(|visit| visit.block());
    block
        .and_then(|block| block.map.as_ref())
        .is_some_and(|map| map.run.is_none())
}

/// The results of a block as one array, in the order of its branches.
fn results(d: &Decision<'_>, thread: ThreadId) -> Value {
    let block = d.life.visit(thread).and_then(|visit| visit.block());
    let results = block.map(|block| block.results.as_slice()).unwrap_or_default();
    Value::Array(results.iter().flatten().map(|result| (**result).clone()).collect())
}
