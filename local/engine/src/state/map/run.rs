//! The run of a distributed Map: its child executions from start to end, and what a redrive makes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::StateKind;
use sluice_asl::definition::{Map, ProcessorMode};
use sluice_asl::eval::Entropy;

use super::super::{abandon_call, abort_branches, silence_branches};
use super::batch::Batch;
use super::{concurrency, proceed};
use crate::change::Change;
use crate::decide::{Decision, EXPRESS_SECONDS, Failure, MAX_EVENTS, REDRIVE_MS, Step, Work, after};
use crate::event::ErrorDetails;
use crate::fact::MapRunUpdate;
use crate::life::{ChildExecution, FlowRef, MapRun, ThreadId, Threshold};
use crate::map_run::{MapRunCounts, MapRunStatus};
use crate::{Outcome, Status};

/// How often a Map Run can be redriven.
const MAX_REDRIVES: u64 = 1_000;

const THRESHOLD_EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

pub(super) fn start(
    d: &mut Decision<'_>,
    thread: ThreadId,
    map: &Map,
    (tolerance, max_concurrency): (Threshold, u64),
    batches: Vec<Batch>,
) -> Step {
    let label = map.label.clone().unwrap_or_else(|| d.entropy.uuid());
    let arn = format!(
        "{}:{}/{label}:{}",
        arn_prefix(d, "mapRun"),
        d.identity.machine_name,
        d.entropy.uuid()
    );
    let run = MapRun {
        arn: arn.into(),
        label: label.into(),
        express: map.processor.mode == ProcessorMode::Distributed { express: true },
        max_concurrency,
        weights: batches.iter().map(|batch| batch.weight).collect(),
        tolerance,
        started: 0,
        started_at: d.at,
        status: MapRunStatus::Running,
        ended_at: None,
        redrives: 0,
        redriven_at: None,
        executions: MapRunCounts::default(),
        items: MapRunCounts::default(),
        ends: map.result_writer.is_some().then(BTreeMap::new),
    };
    let inputs = batches.into_iter().map(|batch| batch.input).collect();
    d.emit(Change::MapRunStarted {
        thread,
        run: Box::new(run),
        inputs,
    })
}

/// `arn:aws:states:REGION:ACCOUNT:KIND`.
fn arn_prefix(d: &Decision<'_>, kind: &str) -> String {
    let account = d
        .identity
        .machine_arn
        .splitn(6, ':')
        .take(5)
        .collect::<Vec<_>>()
        .join(":");
    format!("{account}:{kind}")
}

pub(super) fn start_child(d: &mut Decision<'_>, thread: ThreadId, map: &Map, index: usize) -> Step {
    let plan = d.life.visit(thread).and_then(|visit| visit.block()?.map.as_ref());
    let started = plan.and_then(|plan| Some((plan.run.as_ref()?, plan.items.get(index)?)));
    let Some((run, input)) = started else { return Ok(()) };
    let child = Box::new(child_execution(d, run, input.clone()));
    let branch = ThreadId(d.life.next_thread);
    d.emit(Change::ChildStarted {
        parent: thread,
        branch,
        index,
        flow: FlowRef::Inner(map.processor.flow.clone()),
        child,
    })?;
    d.later(Work::Enter(branch));
    Ok(())
}

/// Lets an unsuccessful child go on, if it is a Standard one; in the place of an Express one, another starts.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html>
pub(super) fn again(d: &mut Decision<'_>, parent: ThreadId, map: &Map, child: ThreadId) -> Step {
    match map.processor.mode {
        ProcessorMode::Distributed { express: true } => {
            let index = d.life.threads.get(&child).and_then(|child| Some(child.seat?.index));
            d.emit(Change::ChildReplaced { thread: child })?;
            match index {
                Some(index) => start_child(d, parent, map, index),
                None => Ok(()),
            }
        }
        ProcessorMode::Distributed { express: false } | ProcessorMode::Inline => {
            d.emit(Change::ChildRedriven { thread: child })?;
            d.revive(child);
            Ok(())
        }
    }
}

fn child_execution(d: &Decision<'_>, run: &MapRun, input: Arc<Value>) -> ChildExecution {
    let express = run.express;
    let name = d.entropy.uuid();
    let (kind, id) = if express {
        ("express", format!(":{}", express_id(&name)))
    } else {
        ("execution", String::new())
    };
    let arn = format!(
        "{}:{}/{}:{name}{id}",
        arn_prefix(d, kind),
        d.identity.machine_name,
        run.label
    );
    ChildExecution {
        arn: arn.into(),
        name: name.into(),
        input,
        express,
        started_at: d.at,
        times_out_at: express.then(|| after(d.at, EXPRESS_SECONDS)),
        // its first event is its own ExecutionStarted
        events: 1,
        status: Status::Running,
        ended: None,
        redrives: 0,
        redriven_at: None,
    }
}

/// The last part of an Express execution's ARN, made of its name: what the seed gives next is for others.
fn express_id(name: &str) -> String {
    let hex: String = name.chars().filter(char::is_ascii_hexdigit).collect();
    let half = |range| {
        hex.get(range)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .unwrap_or(0)
    };
    Entropy::new([half(0..16), half(16..32)]).uuid()
}

/// A child execution has failed, timed out or was stopped: the run goes on, unless that is more than it tolerates.
///
/// What was stopped is not counted as failed: AWS counts what failed or timed out.
pub(crate) fn end_child(d: &mut Decision<'_>, thread: ThreadId, outcome: Outcome) -> Step {
    let Some(seat) = d.life.threads.get(&thread).and_then(|thread| thread.seat) else {
        return Ok(());
    };
    let Some(state) = d.state_of(seat.parent) else {
        return Ok(());
    };
    let StateKind::Map(map) = &state.kind else {
        return Ok(());
    };
    silence_branches(d, thread)?;
    abandon_call(d, thread);
    d.emit(Change::ChildEnded { thread, outcome })?;
    let exceeded = d
        .life
        .visit(seat.parent)
        .and_then(|visit| visit.run())
        .is_some_and(MapRun::exceeded);
    if exceeded {
        fail(d, seat.parent)
    } else {
        proceed(d, seat.parent, map)
    }
}

pub(super) fn fail(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    abort_branches(d, thread)?;
    let exceeded = threshold_exceeded();
    let details: ErrorDetails = exceeded.details();
    d.emit(Change::MapRunFailed { thread, details })?;
    d.fail_state(thread, exceeded)
}

/// More iterations failed than the state tolerates.
pub(crate) fn threshold_exceeded() -> Failure {
    Failure::new(
        THRESHOLD_EXCEEDED,
        "The specified tolerated failure threshold was exceeded",
    )
}

/// UpdateMapRun: more children may start at once; what may fail is asked when the next one fails.
pub(crate) fn updated(d: &mut Decision<'_>, thread: ThreadId, update: &MapRunUpdate) -> Step {
    let Some(visit) = d.life.visit(thread) else {
        return Ok(());
    };
    let state = visit.state.clone();
    let (StateKind::Map(map), Some(run)) = (&state.kind, visit.run()) else {
        return Ok(());
    };
    let max_concurrency = update.max_concurrency.unwrap_or(run.max_concurrency);
    d.emit(Change::MapRunUpdated {
        thread,
        limit: concurrency(max_concurrency, map.processor.mode),
        max_concurrency,
        tolerance: Threshold {
            count: update.tolerated_count.or(run.tolerance.count),
            percentage: update.tolerated_percentage.or(run.tolerance.percentage),
        },
    })?;
    proceed(d, thread, map)
}

/// Whether the thread's state is a Map with a run that a redrive goes on with.
pub(crate) fn has_unfinished_run(d: &Decision<'_>, thread: ThreadId) -> bool {
    let run = d.life.visit(thread).and_then(|visit| visit.run());
    run.is_some_and(|run| run.status != MapRunStatus::Succeeded)
}

/// The execution was redriven while the Map had children that were not done: those that were unsuccessful wait for
/// their turn to run again.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html>
pub(crate) fn redriven(d: &mut Decision<'_>, thread: ThreadId, opened: &[ThreadId]) -> Step {
    let Some(visit) = d.life.visit(thread) else {
        return Ok(());
    };
    let state = visit.state.clone();
    let (StateKind::Map(map), Some(run)) = (&state.kind, visit.run()) else {
        return Ok(());
    };
    if run.redrives >= MAX_REDRIVES {
        let failure = Failure::runtime(format!("The Map Run has been redriven {MAX_REDRIVES} times already."));
        return d.fail_state(thread, failure);
    }
    d.emit(Change::MapRunRedriven { thread })?;
    for child in opened.iter().copied() {
        if is_redrivable(d, child) {
            d.emit(Change::ChildQueued { thread: child })?;
        }
    }
    proceed(d, thread, map)
}

/// An Express child always is: another one starts in its place.
fn is_redrivable(d: &Decision<'_>, child: ThreadId) -> bool {
    let child = d.life.threads.get(&child).and_then(|thread| thread.child.as_deref());
    child.is_some_and(|child| match child.ended {
        None => false,
        Some(_) if child.express => true,
        Some((_, at)) => child.events < MAX_EVENTS - 1 && d.at.saturating_sub(at) <= REDRIVE_MS,
    })
}
