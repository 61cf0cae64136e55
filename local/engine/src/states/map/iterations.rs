//! The iterations and child executions of a Map from start to end, and the redrive of those that were unsuccessful.
//!
//! Each step of a Map leads to the next one: a child that ends lets another start, and a child that is redriven may hold a
//! Map whose run is redriven with it. So all of that is in one file.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::StateKind;
use sluice_asl::definition::{Map, ProcessorMode};

use super::items::item_input;
use super::run::{self, concurrency, threshold_exceeded};
use super::writer;
use crate::change::child::{ChildEnded, ChildQueued, ChildRedriven, ChildReplaced};
use crate::change::fan_out::FanOutSucceeded;
use crate::change::iteration::{IterationFailed, IterationStarted, IterationSucceeded};
use crate::change::map_run::{MapRunEnd, MapRunEnded, MapRunRedriven, MapRunUpdated};
use crate::change::state::ThreadResumed;
use crate::decision::{Decision, Failure, ResultFlow, Step, Work};
use crate::execution_state::{ChildExecution, MapItem, MapRun, ROOT, ThreadId, Threshold};
use crate::fact::MapRunUpdate;
use crate::limits::{MAX_EVENTS, REDRIVE_MS};
use crate::{InvariantViolation, Outcome, Timestamp};

/// The most redrives of a Map Run.
const MAX_REDRIVES: u64 = 1_000;

/// The exit of the first state, when that state wrote no other events. Every recording of AWS in which a distributed
/// Map follows such a state links `MapStateExited` to `MapRunStarted`; in all others, to `MapRunSucceeded`.
const AFTER_ONE_STATE: u64 = 3;

/// The next thing that a Map does.
enum Next {
    /// It waits for iterations that are at work.
    Wait,
    /// No iteration is left to start or at work.
    Finish,
    /// The same, and more items have failed than it tolerates.
    FailRun,
    /// An unsuccessful child runs again.
    Redrive(ThreadId),
    /// The item of that number starts as a child execution.
    StartChild(usize),
    /// The item of that number starts as an iteration.
    StartIteration(usize),
}

/// The next thing that the Map of `thread` does.
fn next(d: &Decision<'_>, thread: ThreadId) -> Result<Next, InvariantViolation> {
    let open = d.execution().fan_out(thread)?.open;
    let iterations = d.execution().iterations(thread)?;
    if iterations.next >= iterations.items.len() && iterations.redrive_queue.is_empty() {
        return Ok(match (open, &iterations.run) {
            (0, Some(run)) if run.exceeded() => Next::FailRun,
            (0, _) => Next::Finish,
            _ => Next::Wait,
        });
    }
    if open >= iterations.limit {
        return Ok(Next::Wait);
    }
    if let Some(child) = iterations.redrive_queue.front() {
        return Ok(Next::Redrive(*child));
    }
    Ok(if iterations.run.is_some() {
        Next::StartChild(iterations.next)
    } else {
        Next::StartIteration(iterations.next)
    })
}

/// Starts as many iterations as there is room for, those that are redriven first; when none is left to start or
/// running, the Map has ended.
pub(super) fn proceed(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    loop {
        match next(d, thread)? {
            Next::Wait => return Ok(()),
            Next::Finish => return finish(d, thread, map),
            Next::FailRun => return fail_run(d, thread),
            Next::Redrive(child) => redrive_child(d, thread, map, child)?,
            Next::StartChild(index) => run::start_child(d, thread, map, index)?,
            Next::StartIteration(index) => {
                let iterations = d.execution().iterations(thread)?;
                let item = iterations.item(thread, index)?.clone();
                let view = d.view(thread)?;
                let input = match item_input(d, &view, map, (index, &item), iterations) {
                    Ok(input) => input,
                    Err(error) => {
                        d.abort_branches(thread)?;
                        return d.fail_evaluation(thread, error);
                    }
                };
                let branch = ThreadId(d.execution().next_thread);
                d.emit(IterationStarted {
                    parent: thread,
                    branch,
                    index,
                    flow: map.processor.flow.clone(),
                    item: Arc::new(MapItem { index, value: item }),
                    input,
                })?;
                d.later(Work::Enter(branch));
            }
        }
    }
}

fn has_run(d: &Decision<'_>, thread: ThreadId) -> Result<bool, InvariantViolation> {
    Ok(d.execution().iterations(thread)?.run.is_some())
}

/// Goes on after the good end of an iteration or child execution.
pub(super) fn succeeded(
    d: &mut Decision<'_>,
    thread: ThreadId,
    map: &Map,
    branch: ThreadId,
    output: Arc<Value>,
) -> Step {
    if has_run(d, thread)? {
        let outcome = Outcome::Succeeded { output };
        d.emit(ChildEnded {
            thread: branch,
            outcome,
        })?;
    } else {
        d.emit(IterationSucceeded { thread: branch, output })?;
    }
    proceed(d, thread, map)
}

/// Goes on after the failure of an iteration or child execution.
pub(super) fn failed(d: &mut Decision<'_>, thread: ThreadId, map: &Map, branch: ThreadId, failure: Failure) -> Step {
    if has_run(d, thread)? {
        return end_unsuccessful(d, thread, map, branch, failure.into_outcome());
    }
    d.emit(IterationFailed { thread: branch })?;
    d.abort_branches(thread)?;
    d.fail_state(thread, failure)
}

/// Ends a child execution that has timed out or was stopped.
pub(crate) fn end_child(d: &mut Decision<'_>, child: ThreadId, outcome: Outcome) -> Step {
    let parent = d.execution().slot(child)?.parent;
    with_map(d, parent, |d, map| end_unsuccessful(d, parent, map, child, outcome))
}

/// Calls `then` with the Map that a thread is in.
fn with_map(d: &mut Decision<'_>, thread: ThreadId, then: impl FnOnce(&mut Decision<'_>, &Map) -> Step) -> Step {
    let state = d.state_of(thread)?;
    match &state.kind {
        StateKind::Map(map) => then(d, map),
        _ => Err(InvariantViolation::NoIterations(thread.0).into()),
    }
}

/// Ends a child execution that was unsuccessful: the run goes on, unless that is more than it tolerates.
///
/// A child that was stopped is not counted as failed: AWS counts those that failed or timed out.
fn end_unsuccessful(d: &mut Decision<'_>, thread: ThreadId, map: &Map, child: ThreadId, outcome: Outcome) -> Step {
    d.stop_branches_silently(child)?;
    d.abandon_call(child);
    d.emit(ChildEnded { thread: child, outcome })?;
    if d.execution().run(thread)?.exceeded() {
        fail_run(d, thread)
    } else {
        proceed(d, thread, map)
    }
}

/// Fails the Map with its run: more items failed than it tolerates.
fn fail_run(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    d.abort_branches(thread)?;
    let failure = threshold_exceeded();
    let end = MapRunEnd::Failed(failure.details());
    d.emit(MapRunEnded { thread, end })?;
    d.fail_state(thread, failure)
}

fn finish(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    let fan_out = d.execution().fan_out(thread)?;
    let run = d.execution().iterations(thread)?.run.as_ref();
    let result = match run.and_then(|run| run.ends.as_ref()) {
        Some(ends) => writer::written(ends, writer::Transformation::of(map)),
        None => fan_out.result(),
    };
    let has_run = run.is_some();
    if has_run {
        let end = MapRunEnd::Succeeded;
        d.emit(MapRunEnded { thread, end })?;
    }
    let unlinked = has_run && thread == ROOT && d.execution().instance(thread)?.before == AFTER_ONE_STATE;
    d.emit(FanOutSucceeded { thread, unlinked })?;
    let flow = ResultFlow {
        selector: map.result_selector.as_ref(),
        path: &map.result_path,
    };
    d.complete(thread, Arc::new(result), flow, &map.transition)
}

/// Applies UpdateMapRun: more children may start at once; the tolerance counts when the next one fails.
pub(crate) fn update(d: &mut Decision<'_>, thread: ThreadId, update: &MapRunUpdate) -> Step {
    with_map(d, thread, |d, map| {
        let run = d.execution().run(thread)?;
        let max_concurrency = update.max_concurrency.unwrap_or(run.max_concurrency);
        let tolerance = Threshold {
            count: update.tolerated_count.or(run.tolerance.count),
            percentage: update.tolerated_percentage.or(run.tolerance.percentage),
        };
        d.emit(MapRunUpdated {
            thread,
            limit: concurrency(max_concurrency, map.processor.mode),
            max_concurrency,
            tolerance,
        })?;
        proceed(d, thread, map)
    })
}

/// Lets a stopped thread and those below it that were unsuccessful go on. The children of a Map Run wait for their
/// turn.
pub(crate) fn resume(d: &mut Decision<'_>, top: ThreadId) -> Result<(), InvariantViolation> {
    let opened_by = d.execution().descendants(top);
    let mut next = BTreeSet::from([top]);
    // a branch is younger than its parent
    while let Some(thread) = next.pop_first() {
        let opened = opened_by.get(&thread).map(Vec::as_slice).unwrap_or_default();
        let unfinished = d.execution().run_if_any(thread).is_some_and(MapRun::is_unfinished);
        let anew = opened.is_empty() && !unfinished;
        d.apply(ThreadResumed { thread, anew })?;
        if unfinished {
            let step = redrive_run(d, thread, opened);
            d.finish_step(step)?;
        } else if anew {
            let entered = d.execution().instance_if_any(thread).is_some();
            d.later(if entered {
                Work::Start(thread)
            } else {
                Work::Enter(thread)
            });
        } else {
            next.extend(opened);
        }
    }
    Ok(())
}

/// Lets the run of a Map go on that had children which were not done: those that were unsuccessful wait for their turn to
/// run again.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html>
fn redrive_run(d: &mut Decision<'_>, thread: ThreadId, opened: &[ThreadId]) -> Step {
    with_map(d, thread, |d, map| {
        if d.execution().run(thread)?.redrives >= MAX_REDRIVES {
            let failure = Failure::runtime(format!("The Map Run has been redriven {MAX_REDRIVES} times already."));
            return d.fail_state(thread, failure);
        }
        d.emit(MapRunRedriven { thread })?;
        for child in opened.iter().copied() {
            if is_redrivable(d.execution().child(child)?, d.at) {
                d.emit(ChildQueued { thread: child })?;
            }
        }
        proceed(d, thread, map)
    })
}

/// Tells whether a child that a redrive finds can run again. An Express child always can: another one starts in its
/// place.
fn is_redrivable(child: &ChildExecution, now: Timestamp) -> bool {
    match child.ended {
        None => false,
        Some(_) if child.express => true,
        Some((_, at)) => child.events < MAX_EVENTS - 1 && now.saturating_sub(at) <= REDRIVE_MS,
    }
}

/// Lets an unsuccessful child go on, if it is a Standard one; in the place of an Express one, another starts.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html>
fn redrive_child(d: &mut Decision<'_>, thread: ThreadId, map: &Map, child: ThreadId) -> Step {
    match map.processor.mode {
        ProcessorMode::Distributed { express: true } => {
            let index = d.execution().slot(child)?.index;
            d.emit(ChildReplaced { thread: child })?;
            run::start_child(d, thread, map, index)
        }
        ProcessorMode::Distributed { express: false } | ProcessorMode::Inline => {
            d.emit(ChildRedriven { thread: child })?;
            Ok(resume(d, child)?)
        }
    }
}
