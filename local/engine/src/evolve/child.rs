//! What becomes of a Map Run's child executions.

use super::{block_mut, clear_block, close_branch, end_run, halt, map_mut};
use crate::change::Stamp;
use crate::life::{ChildEnd, ChildExecution, Life, MapRun, Seat, ThreadId};
use crate::map_run::MapRunStatus;
use crate::{Outcome, Status, Timestamp};

/// A child execution's last event, and what is left of it.
pub(super) fn end(life: &mut Life, thread: ThreadId, outcome: Outcome, at: Timestamp) -> Option<Stamp> {
    let previous = match &outcome {
        Outcome::Succeeded { .. } | Outcome::Failed { .. } => life.threads.get(&thread)?.last,
        Outcome::TimedOut | Outcome::Aborted { .. } => 0,
    };
    end_run(life, thread, MapRunStatus::Aborted, at);
    let status = outcome.status();
    let (seat, child) = move_child(life, thread, Some(status))?;
    child.events += 1;
    child.ended = Some((status, at));
    let stamp = Stamp {
        home: thread,
        id: child.events,
        previous,
    };
    let is_told = |run: &MapRun| run.ends.is_some();
    if map_mut(life, seat.parent)?.run.as_ref().is_some_and(is_told) {
        let child = life.threads.get(&thread)?.child.clone()?;
        let outcome = outcome.clone();
        let ends = map_mut(life, seat.parent)?.run.as_mut()?.ends.as_mut()?;
        ends.insert(seat.index, ChildEnd { child, outcome });
    }
    if let Outcome::Succeeded { output } = outcome {
        close_branch(life, thread, Some(output))?;
    } else {
        halt(life, thread);
        block_mut(life, seat.parent)?.open -= 1;
    }
    Some(stamp)
}

/// Counts a child elsewhere from now on; `None`: as one that has not started.
fn move_child(life: &mut Life, thread: ThreadId, to: Option<Status>) -> Option<(Seat, &mut ChildExecution)> {
    let control = life.threads.get_mut(&thread)?;
    let (seat, child) = (control.seat?, control.child.as_mut()?);
    let from = child.status;
    child.status = to.unwrap_or(from);
    tally(map_mut(life, seat.parent)?.run.as_mut()?, seat.index, Some(from), to);
    Some((seat, life.threads.get_mut(&thread)?.child.as_deref_mut()?))
}

/// Counts a child and its items elsewhere.
pub(super) fn tally(run: &mut MapRun, index: usize, from: Option<Status>, to: Option<Status>) {
    run.executions.shift(1, from, to);
    let weight = run.weights.get(index).copied().unwrap_or(1);
    run.items.shift(weight, from, to);
}

fn unqueue(life: &mut Life, parent: ThreadId, child: ThreadId) {
    if let Some(map) = map_mut(life, parent)
        && let Some(at) = map.again.iter().position(|waiting| *waiting == child)
    {
        map.again.remove(at);
    }
}

/// It waits for its turn to run again.
pub(super) fn queue(life: &mut Life, thread: ThreadId) {
    if let Some((seat, _)) = move_child(life, thread, Some(Status::PendingRedrive))
        && let Some(map) = map_mut(life, seat.parent)
    {
        map.again.push_back(thread);
    }
}

/// It runs again, with an event of its own.
pub(super) fn redrive(life: &mut Life, thread: ThreadId, at: Timestamp) -> Option<Stamp> {
    let (seat, child) = move_child(life, thread, Some(Status::Running))?;
    child.events += 1;
    child.redrives += 1;
    child.redriven_at = Some(at);
    child.ended = None;
    let stamp = Stamp {
        home: thread,
        id: child.events,
        previous: child.events - 1,
    };
    block_mut(life, seat.parent)?.open += 1;
    unqueue(life, seat.parent, thread);
    Some(stamp)
}

/// Its item counts as not started, and all that is left of it goes.
pub(super) fn forget(life: &mut Life, thread: ThreadId) {
    if let Some((seat, _)) = move_child(life, thread, None) {
        unqueue(life, seat.parent, thread);
        clear_block(life, thread);
        life.remove(thread);
    }
}
