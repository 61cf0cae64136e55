//! The only code that changes an execution's state.
//!
//! How events are linked (`previousEventId`), as AWS links them:
//!
//! | event | follows | and then the thread's next event follows |
//! |---|---|---|
//! | the first state's entry | nothing (0) | it |
//! | most events | the thread's last | it |
//! | `MapIterationStarted` | `MapStateStarted`, or the last state's event of the iteration that made room | it |
//! | `MapIterationSucceeded`, `…Failed`, `…Aborted` | the iteration's last | for the Map: it if it succeeded, else what it followed |
//! | `MapStateSucceeded`, `ParallelStateSucceeded` | the last branch's end | what it followed |
//! | `EvaluationFailed` at a state's entry | what the entry followed | it |
//! | `ExecutionTimedOut`, `ExecutionAborted` | nothing (0) | |
//! | `MapRunRedriven` | `ExecutionRedriven` | it |

mod child;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::Variables;

use crate::change::{Change, Stamp};
use crate::life::{Activity, FlowRef, Life, MapBlock, MapItem, Phase, ROOT, Seat, Stage, Thread, ThreadId, Visit};
use crate::map_run::MapRunStatus;
use crate::{Outcome, Status, Timestamp};

/// Applies one change; where it is an event, says which.
///
/// A change about a thread that is gone changes nothing: decisions do not make such changes, and a log cannot either.
pub(crate) fn evolve(life: &mut Life, change: Change, at: Timestamp) -> Option<Stamp> {
    let thread = change.thread();
    let stamp = apply(life, change, at);
    if let Some(thread) = thread {
        life.rearm(thread);
    }
    stamp
}

fn apply(life: &mut Life, change: Change, at: Timestamp) -> Option<Stamp> {
    match change {
        Change::Started {
            input,
            times_out_at,
            start_at,
        } => Some(start(life, input, times_out_at, start_at, at)),
        Change::Ended { outcome, at } => Some(end(life, outcome, at)),
        Change::Redriven { times_out_at } => Some(redrive(life, times_out_at)),
        Change::ActivitiesMissing { arns } => {
            life.missing_activities = arns;
            None
        }

        Change::StateEntered { thread, state, input } => {
            let before = life.threads.get(&thread)?.last;
            let stamp = follow(life, thread, Link::Advance)?;
            let thread = life.threads.get_mut(&thread)?;
            thread.pending = None;
            thread.visit = Some(Box::new(Visit {
                state,
                input,
                entered_at: at,
                entered: stamp.id,
                before,
                retry_count: 0,
                tries: Vec::new(),
                activity: Activity::Deciding,
            }));
            Some(stamp)
        }
        Change::StateExited {
            thread,
            output,
            assigned,
            next,
        } => {
            let stamp = follow(life, thread, Link::Advance);
            let thread = life.threads.get_mut(&thread)?;
            if let Some(assigned) = assigned {
                let variables: &mut Variables = Arc::make_mut(&mut thread.variables);
                variables.extend(assigned.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            thread.visit = None;
            thread.pending = next.map(|name| (name, output));
            stamp
        }
        Change::EvaluationFailed { thread, early, .. } => {
            if early {
                let before = life.visit(thread)?.before;
                life.threads.get_mut(&thread)?.last = before;
            }
            follow(life, thread, Link::Advance)
        }
        Change::RetryArmed { thread, retrier, at } => {
            let visit = visit_mut(life, thread)?;
            if visit.tries.len() <= retrier {
                visit.tries.resize(retrier + 1, 0);
            }
            visit.tries[retrier] += 1;
            visit.activity = Activity::Retrying { at };
            None
        }
        Change::RetryBegun { thread } => {
            let visit = visit_mut(life, thread)?;
            visit.retry_count += 1;
            visit.activity = Activity::Deciding;
            None
        }
        Change::Halted { thread } => {
            end_run(life, thread, MapRunStatus::Aborted, at);
            halt(life, thread);
            None
        }
        Change::StateAborted { thread } => {
            let stamp = follow(life, thread, Link::Advance);
            halt(life, thread);
            stamp
        }
        Change::Revived { thread, anew } => {
            let redriven = life.events_at(life.threads.get(&thread)?.home);
            let thread = life.threads.get_mut(&thread)?;
            thread.halted = false;
            let is_run = thread.visit.as_ref().is_some_and(|visit| visit.run().is_some());
            if anew || is_run {
                thread.last = redriven;
            }
            if anew && let Some(visit) = &mut thread.visit {
                visit.retry_count = 0;
                visit.tries.clear();
                visit.activity = Activity::Deciding;
            }
            None
        }

        Change::WaitArmed { thread, until } => {
            visit_mut(life, thread)?.activity = Activity::Waiting { until };
            None
        }

        Change::CallScheduled { thread, call } => {
            life.next_attempt = call.task.attempt.0 + 1;
            life.open_attempts.insert(call.task.attempt, thread);
            visit_mut(life, thread)?.activity = Activity::Calling(call);
            follow(life, thread, Link::Advance)
        }
        Change::CallStarted { thread } => follow(life, thread, Link::Advance),
        Change::WorkerStarted {
            thread, heartbeat_by, ..
        } => {
            let call = call_mut(life, thread)?;
            call.stage = Stage::Taken;
            call.heartbeat_by = heartbeat_by;
            follow(life, thread, Link::Advance)
        }
        Change::CallSubmitted { thread, .. } => {
            let call = call_mut(life, thread)?;
            call.stage = Stage::Submitted;
            // it is not sent again: a parked execution does not keep what it sent
            call.task.arguments = Arc::new(Value::Null);
            follow(life, thread, Link::Advance)
        }
        Change::HeartbeatTaken { thread, heartbeat_by } => {
            call_mut(life, thread)?.heartbeat_by = Some(heartbeat_by);
            None
        }
        Change::TimeoutRestarted {
            thread,
            times_out_at,
            heartbeat_by,
        } => {
            let call = call_mut(life, thread)?;
            (call.times_out_at, call.heartbeat_by) = (times_out_at, heartbeat_by);
            None
        }
        Change::CallSucceeded { thread, .. }
        | Change::CallFailed { thread, .. }
        | Change::CallTimedOut { thread, .. } => {
            let stamp = follow(life, thread, Link::Advance);
            close_call(life, thread);
            stamp
        }

        Change::BlockStarted { thread, mut block } => {
            let stamp = follow(life, thread, Link::Advance)?;
            if let Some(map) = &mut block.map {
                map.link = stamp.id;
            }
            visit_mut(life, thread)?.activity = Activity::Block(block);
            Some(stamp)
        }
        Change::MapRunStarted {
            thread,
            mut run,
            inputs,
        } => {
            let stamp = follow(life, thread, Link::Advance)?;
            run.started = stamp.id;
            run.started_at = at;
            run.executions.pending = run.weights.len();
            run.items.pending = run.weights.iter().sum();
            let block = block_mut(life, thread)?;
            block.results = vec![None; inputs.len()];
            let map = block.map.as_mut()?;
            map.items = inputs;
            map.run = Some(*run);
            Some(stamp)
        }
        Change::BranchOpened {
            parent,
            branch,
            index,
            flow,
            input,
        } => {
            let start_at = start_of(&flow)?;
            let last = life.threads.get(&parent)?.last;
            let home = life.threads.get(&parent)?.home;
            let thread = open(life, parent, branch, index, flow, None)?;
            thread.home = home;
            thread.last = last;
            thread.pending = Some((start_at, input));
            None
        }
        Change::IterationStarted {
            parent,
            branch,
            index,
            flow,
            item,
            input,
        } => {
            let start_at = start_of(&flow)?;
            let link = map_mut(life, parent)?.link;
            let home = life.threads.get(&parent)?.home;
            let stamp = number(life, home, link)?;
            map_mut(life, parent)?.next = index + 1;
            let thread = open(life, parent, branch, index, flow, Some(item))?;
            thread.home = home;
            thread.last = stamp.id;
            thread.pending = Some((start_at, input));
            Some(stamp)
        }
        Change::ChildStarted {
            parent,
            branch,
            index,
            flow,
            child,
        } => {
            let start_at = start_of(&flow)?;
            let map = map_mut(life, parent)?;
            map.next = map.next.max(index + 1);
            child::tally(map.run.as_mut()?, index, None, Some(Status::Running));
            let thread = open(life, parent, branch, index, flow, None)?;
            // a child execution has its own variables, its own history and its own context object
            thread.variables = Arc::default();
            thread.item = None;
            thread.pending = Some((start_at, child.input.clone()));
            thread.child = Some(child);
            life.rearm(branch);
            Some(Stamp {
                home: branch,
                id: 1,
                previous: 0,
            })
        }
        Change::BranchSucceeded { thread, output } => {
            let last = life.threads.get(&thread)?.last;
            let seat = close_branch(life, thread, Some(output))?;
            life.threads.get_mut(&seat.parent)?.last = last;
            None
        }
        Change::BranchFailed { thread } => {
            let Thread { last, seat, .. } = life.threads.get(&thread)?;
            let (last, seat) = (*last, (*seat)?);
            halt(life, thread);
            life.threads.get_mut(&seat.parent)?.last = last;
            None
        }
        Change::IterationSucceeded { thread, output } => {
            let stamp = follow(life, thread, Link::Stay)?;
            let seat = close_branch(life, thread, Some(output))?;
            map_mut(life, seat.parent)?.link = stamp.previous;
            life.threads.get_mut(&seat.parent)?.last = stamp.id;
            Some(stamp)
        }
        Change::IterationFailed { thread } => {
            let stamp = follow(life, thread, Link::Stay)?;
            let seat = life.threads.get(&thread)?.seat?;
            halt(life, thread);
            life.threads.get_mut(&seat.parent)?.last = stamp.previous;
            Some(stamp)
        }
        Change::IterationAborted { thread } => {
            let stamp = follow(life, thread, Link::Stay);
            halt(life, thread);
            stamp
        }
        Change::ChildEnded { thread, outcome } => child::end(life, thread, outcome, at),
        Change::ChildQueued { thread } => {
            child::queue(life, thread);
            None
        }
        Change::ChildRedriven { thread } => child::redrive(life, thread, at),
        Change::ChildReplaced { thread } => {
            child::forget(life, thread);
            None
        }
        Change::MapRunSucceeded { thread } => {
            end_run(life, thread, MapRunStatus::Succeeded, at);
            follow(life, thread, Link::Advance)
        }
        Change::MapRunFailed { thread, .. } => {
            end_run(life, thread, MapRunStatus::Failed, at);
            follow(life, thread, Link::Advance)
        }
        Change::MapRunAborted { thread } => {
            end_run(life, thread, MapRunStatus::Aborted, at);
            follow(life, thread, Link::Advance)
        }
        Change::MapRunRedriven { thread } => {
            let run = map_mut(life, thread)?.run.as_mut()?;
            run.status = MapRunStatus::Running;
            run.ended_at = None;
            run.redrives += 1;
            run.redriven_at = Some(at);
            follow(life, thread, Link::Advance)
        }
        Change::MapRunUpdated {
            thread,
            limit,
            max_concurrency,
            tolerance,
        } => {
            let map = map_mut(life, thread)?;
            map.limit = limit;
            let run = map.run.as_mut()?;
            run.max_concurrency = max_concurrency;
            run.tolerance = tolerance;
            None
        }
        Change::BlockSucceeded { thread, unlinked } => {
            let stamp = follow(life, thread, Link::Stay);
            if let Some(run) = map_mut(life, thread).and_then(|map| map.run.as_ref()) {
                let started = run.started;
                if unlinked {
                    life.threads.get_mut(&thread)?.last = started;
                }
                // the children that failed and were tolerated cannot be redriven any more
                clear_block(life, thread);
            }
            stamp
        }
        Change::BlockFailed { thread } => follow(life, thread, Link::Advance),
        Change::BlockCleared { thread } => {
            clear_block(life, thread);
            visit_mut(life, thread)?.activity = Activity::Deciding;
            None
        }
    }
}

/// Whether a thread's next event follows this one.
#[derive(Clone, Copy, PartialEq)]
enum Link {
    Advance,
    Stay,
}

fn start(life: &mut Life, input: Arc<Value>, times_out_at: Timestamp, start_at: Arc<str>, at: Timestamp) -> Stamp {
    life.phase = Phase::Running;
    life.started_at = at;
    life.times_out_at = times_out_at;
    life.input = input.clone();
    life.events = 1;
    life.next_thread = ROOT.0 + 1;
    life.threads.insert(
        ROOT,
        Thread {
            home: ROOT,
            child: None,
            seat: None,
            flow: FlowRef::Machine,
            variables: Arc::default(),
            item: None,
            // the first state's entry follows no event
            last: 0,
            pending: Some((start_at, input)),
            visit: None,
            halted: false,
            armed: None,
        },
    );
    Stamp {
        home: ROOT,
        id: 1,
        previous: 0,
    }
}

fn end(life: &mut Life, outcome: Outcome, at: Timestamp) -> Stamp {
    let previous = match &outcome {
        Outcome::Succeeded { .. } | Outcome::Failed { .. } => life.threads.get(&ROOT).map_or(0, |root| root.last),
        Outcome::TimedOut | Outcome::Aborted { .. } => 0,
    };
    life.events += 1;
    let waiting: Vec<ThreadId> = life.open_attempts.values().copied().collect();
    for thread in waiting {
        close_call(life, thread);
    }
    if matches!(outcome, Outcome::Succeeded { .. }) {
        life.threads.clear();
    }
    for thread in life.threads.values_mut() {
        thread.halted = true;
        thread.armed = None;
        let map = thread.visit.as_mut().and_then(|visit| visit.map_mut());
        if let Some(run) = map.and_then(|map| map.run.as_mut()) {
            run.end(MapRunStatus::Aborted, at);
        }
    }
    life.deadlines.clear();
    life.phase = Phase::Ended { outcome, at };
    Stamp {
        home: ROOT,
        id: life.events,
        previous,
    }
}

fn redrive(life: &mut Life, times_out_at: Timestamp) -> Stamp {
    let previous = life.events;
    life.events += 1;
    life.redrives += 1;
    life.times_out_at = times_out_at;
    life.phase = Phase::Running;
    Stamp {
        home: ROOT,
        id: life.events,
        previous,
    }
}

/// The next number in `home`'s history.
fn number(life: &mut Life, home: ThreadId, previous: u64) -> Option<Stamp> {
    let events = if home == ROOT {
        &mut life.events
    } else {
        &mut life.threads.get_mut(&home)?.child.as_mut()?.events
    };
    *events += 1;
    Some(Stamp {
        home,
        id: *events,
        previous,
    })
}

/// The thread's next event.
fn follow(life: &mut Life, id: ThreadId, link: Link) -> Option<Stamp> {
    let thread = life.threads.get(&id)?;
    let stamp = number(life, thread.home, thread.last)?;
    if link == Link::Advance {
        life.threads.get_mut(&id)?.last = stamp.id;
    }
    Some(stamp)
}

fn visit_mut(life: &mut Life, thread: ThreadId) -> Option<&mut Visit> {
    life.threads.get_mut(&thread)?.visit.as_deref_mut()
}

fn call_mut(life: &mut Life, thread: ThreadId) -> Option<&mut crate::life::Call> {
    match &mut visit_mut(life, thread)?.activity {
        Activity::Calling(call) => Some(call),
        _ => None,
    }
}

fn block_mut(life: &mut Life, thread: ThreadId) -> Option<&mut crate::life::Block> {
    match &mut visit_mut(life, thread)?.activity {
        Activity::Block(block) => Some(block),
        _ => None,
    }
}

fn map_mut(life: &mut Life, thread: ThreadId) -> Option<&mut MapBlock> {
    visit_mut(life, thread)?.map_mut()
}

fn start_of(flow: &FlowRef) -> Option<Arc<str>> {
    match flow {
        FlowRef::Machine => None,
        FlowRef::Inner(flow) => Some(flow.start_at.clone()),
    }
}

/// A new thread for a branch; it starts with the variables that its parent sees.
fn open(
    life: &mut Life,
    parent: ThreadId,
    branch: ThreadId,
    index: usize,
    flow: FlowRef,
    item: Option<Arc<MapItem>>,
) -> Option<&mut Thread> {
    life.next_thread = branch.0 + 1;
    block_mut(life, parent)?.open += 1;
    let outer = life.threads.get(&parent)?;
    let thread = Thread {
        home: branch,
        child: None,
        seat: Some(Seat { parent, index }),
        flow,
        variables: outer.variables.clone(),
        item: item.or_else(|| outer.item.clone()),
        last: 0,
        pending: None,
        visit: None,
        halted: false,
        armed: None,
    };
    Some(life.threads.entry(branch).or_insert(thread))
}

/// Takes a finished branch out and keeps its output.
fn close_branch(life: &mut Life, thread: ThreadId, output: Option<Arc<Value>>) -> Option<Seat> {
    let seat = life.remove(thread)?.seat?;
    let block = block_mut(life, seat.parent)?;
    block.open -= 1;
    if let Some(slot) = block.results.get_mut(seat.index) {
        *slot = output;
    }
    Some(seat)
}

/// Ends the run of a thread's Map state, if there is one at work.
fn end_run(life: &mut Life, thread: ThreadId, status: MapRunStatus, at: Timestamp) {
    if let Some(run) = map_mut(life, thread).and_then(|map| map.run.as_mut()) {
        run.end(status, at);
    }
}

fn halt(life: &mut Life, thread: ThreadId) {
    close_call(life, thread);
    if let Some(thread) = life.threads.get_mut(&thread) {
        thread.halted = true;
    }
}

/// Nobody waits for the thread's attempt any more; its token is remembered as closed.
fn close_call(life: &mut Life, thread: ThreadId) {
    let Some(visit) = visit_mut(life, thread) else { return };
    if !matches!(visit.activity, Activity::Calling(_)) {
        return;
    }
    let Activity::Calling(call) = std::mem::replace(&mut visit.activity, Activity::Deciding) else {
        return;
    };
    life.open_attempts.remove(&call.task.attempt);
    if let Some(token) = call.task.token {
        life.closed_tokens.insert(call.task.attempt, token);
    }
}

/// Takes out all threads below `top`.
fn clear_block(life: &mut Life, top: ThreadId) {
    // who has no block has nobody below: a Map's thousands of failed children need no search each
    if life.visit(top).is_none_or(|visit| visit.block().is_none()) {
        return;
    }
    for thread in life.families(top).into_values().flatten() {
        close_call(life, thread);
        life.remove(thread);
    }
}
