//! Map: one iteration for each item, so many at a time as may be.
//!
//! An inline iteration is a thread of the execution. A distributed Map's children are threads too, but each has its
//! own history and variables, as the executions of a Map Run have; the parent's history shows only the run.

mod batch;
mod run;
mod writer;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Map, ProcessorMode};
use sluice_asl::eval::EvalError;

use super::{abort_branches, results};
use crate::Outcome;
use crate::change::Change;
use crate::decide::{Data, Decision, Failure, ResultFlow, Step, View, Work, dynamic_reads_context};
use crate::life::{Block, FlowRef, MapBlock, MapItem, ROOT, Seat, ThreadId, Threshold};

pub(crate) use batch::batches_of;
pub(crate) use run::{end_child, has_unfinished_run, redriven, threshold_exceeded, updated};

/// The most children of a Map Run that are at work at a time.
const RUN_CONCURRENCY: usize = 10_000;

pub(crate) fn begin(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    if let Some(failure) = missing_service(map) {
        return d.fail_state(thread, failure);
    }
    let Some(view) = d.view(thread) else { return Ok(()) };
    let (block, max_concurrency) = match plan(d, &view, map) {
        Ok(plan) => plan,
        Err(error) => return d.fail_evaluation(thread, error),
    };
    d.emit(Change::BlockStarted {
        thread,
        block: Box::new(block),
    })?;
    let tolerance = match tolerance(d, &view, map) {
        Ok(tolerance) => tolerance,
        Err(error) => return d.fail_evaluation(thread, error),
    };
    match map.processor.mode {
        ProcessorMode::Inline => {}
        ProcessorMode::Distributed { .. } => {
            let batches = match batch::batches(d, &view, map, thread) {
                Ok(batches) => batches,
                Err(error) => return d.fail_evaluation(thread, error),
            };
            run::start(d, thread, map, (tolerance, max_concurrency), batches)?;
        }
    }
    proceed(d, thread, map)
}

/// Readers and writers of items need services that are not here.
fn missing_service(map: &Map) -> Option<Failure> {
    let resource = |config: &Value| config.get("Resource").and_then(Value::as_str).map(str::to_owned);
    if let Some(reader) = &map.item_reader {
        let resource = resource(reader).unwrap_or_default();
        return Some(Failure::new(
            "States.ItemReaderFailed",
            format!("The ItemReader resource '{resource}' is not available here: pass the items in the state's input."),
        ));
    }
    // without a resource, it says how the state's own output looks
    let resource = resource(map.result_writer.as_ref()?)?;
    Some(Failure::new(
        "States.ResultWriterFailed",
        format!("The ResultWriter resource '{resource}' is not available here: use the state's output."),
    ))
}

/// The items and how many may run at a time; and what `MaxConcurrency` says.
fn plan(d: &Decision<'_>, view: &View, map: &Map) -> Result<(Block, u64), EvalError> {
    let input = if view.is_jsonata() {
        view.input.clone()
    } else {
        d.effective_input(view)?
    };
    let data = Data::input(&input);
    let reads_context = map.items.as_ref().is_some_and(dynamic_reads_context);
    let items = d.evaluate(view, data, reads_context, |scope| map.evaluate_items(scope))?;
    let max_concurrency = match &map.max_concurrency {
        None => 0,
        Some(max) => d.evaluate(view, data, dynamic_reads_context(max), |scope| max.evaluate(scope))?,
    };
    let limit = concurrency(max_concurrency, map.processor.mode);
    let block = Block {
        results: vec![None; items.len()],
        open: 0,
        map: Some(MapBlock {
            input: input.clone(),
            items: items.into_iter().map(Arc::new).collect(),
            next: 0,
            limit,
            again: VecDeque::new(),
            link: 0,
            run: None,
        }),
    };
    Ok((block, max_concurrency))
}

/// How many iterations `MaxConcurrency` lets be at work at a time.
fn concurrency(limit: u64, mode: ProcessorMode) -> usize {
    match (limit, mode) {
        (0, ProcessorMode::Inline) => usize::MAX,
        (0, ProcessorMode::Distributed { .. }) => RUN_CONCURRENCY,
        (limit, ProcessorMode::Inline) => usize::try_from(limit).unwrap_or(usize::MAX),
        (limit, ProcessorMode::Distributed { .. }) => usize::try_from(limit).unwrap_or(usize::MAX).min(RUN_CONCURRENCY),
    }
}

fn tolerance(d: &Decision<'_>, view: &View, map: &Map) -> Result<Threshold, EvalError> {
    let input = if view.is_jsonata() {
        view.input.clone()
    } else {
        d.effective_input(view)?
    };
    let data = Data::input(&input);
    let count = match &map.tolerance.count {
        None => None,
        Some(count) => Some(d.evaluate(view, data, dynamic_reads_context(count), |scope| count.evaluate(scope))?),
    };
    let percentage = match &map.tolerance.percentage {
        None => None,
        Some(p) => Some(d.evaluate(view, data, dynamic_reads_context(p), |scope| p.evaluate(scope))?),
    };
    Ok(Threshold { count, percentage })
}

/// The input of one item's iteration.
fn item_input(d: &Decision<'_>, thread: ThreadId, map: &Map, index: usize) -> Result<Arc<Value>, EvalError> {
    let plan = d
        .life
        .visit(thread)
        .and_then(|visit| visit.block())
        .and_then(|block| block.map.as_ref());
    let Some((item, input)) = plan.and_then(|plan| Some((plan.items.get(index)?.clone(), plan.input.clone()))) else {
        return Ok(Arc::new(Value::Null));
    };
    let Some(selector) = &map.item_selector else {
        return Ok(item);
    };
    let Some(view) = d.view(thread) else { return Ok(item) };
    d.template(&view.with_item(index, item), selector, Data::input(&input))
        .map(Arc::new)
}

/// Starts as many iterations as there is room for, those that are redriven first; when none is left to start or
/// running, the Map has ended.
fn proceed(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    loop {
        let Some(block) = d.life.visit(thread).and_then(|visit| visit.block()) else {
            return Ok(());
        };
        let Some(plan) = &block.map else { return Ok(()) };
        if plan.next >= plan.items.len() && plan.again.is_empty() {
            return match (block.open, &plan.run) {
                (0, Some(run)) if run.exceeded() => run::fail(d, thread),
                (0, _) => finish(d, thread, map),
                _ => Ok(()),
            };
        }
        if block.open >= plan.limit {
            return Ok(());
        }
        if let Some(child) = plan.again.front().copied() {
            run::again(d, thread, map, child)?;
            continue;
        }
        let index = plan.next;
        if plan.run.is_some() {
            run::start_child(d, thread, map, index)?;
            continue;
        }
        let item = plan.items[index].clone();
        let branch = ThreadId(d.life.next_thread);
        let input = match item_input(d, thread, map, index) {
            Ok(input) => input,
            Err(error) => {
                abort_branches(d, thread)?;
                return d.fail_evaluation(thread, error);
            }
        };
        let item = Arc::new(MapItem { index, value: item });
        d.emit(Change::IterationStarted {
            parent: thread,
            branch,
            index,
            flow: FlowRef::Inner(map.processor.flow.clone()),
            item,
            input,
        })?;
        d.later(Work::Enter(branch));
    }
}

fn is_run(d: &Decision<'_>, thread: ThreadId) -> bool {
    d.life.visit(thread).is_some_and(|visit| visit.run().is_some())
}

pub(crate) fn branch_returned(
    d: &mut Decision<'_>,
    thread: ThreadId,
    seat: Seat,
    map: &Map,
    output: Arc<Value>,
) -> Step {
    if is_run(d, seat.parent) {
        let outcome = Outcome::Succeeded { output };
        d.emit(Change::ChildEnded { thread, outcome })?;
    } else {
        d.emit(Change::IterationSucceeded { thread, output })?;
    }
    proceed(d, seat.parent, map)
}

pub(crate) fn branch_failed(d: &mut Decision<'_>, thread: ThreadId, seat: Seat, failure: Failure) -> Step {
    let parent = seat.parent;
    if !is_run(d, parent) {
        d.emit(Change::IterationFailed { thread })?;
        abort_branches(d, parent)?;
        return d.fail_state(parent, failure);
    }
    let outcome = Outcome::Failed {
        error: failure.error,
        cause: failure.cause,
    };
    end_child(d, thread, outcome)
}

fn finish(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    let ends = d.life.visit(thread).and_then(|visit| visit.run()?.ends.as_ref());
    let result = match ends {
        Some(ends) => writer::written(ends, writer::Transformation::of(map)),
        None => results(d, thread),
    };
    let run = is_run(d, thread);
    if run {
        d.emit(Change::MapRunSucceeded { thread })?;
    }
    let unlinked = run
        && thread == ROOT
        && d.life
            .visit(thread)
            .is_some_and(|visit| visit.before == AFTER_ONE_STATE);
    d.emit(Change::BlockSucceeded { thread, unlinked })?;
    let flow = ResultFlow {
        selector: map.result_selector.as_ref(),
        path: &map.result_path,
    };
    d.complete(thread, Arc::new(result), flow, &map.transition)
}

/// The exit of the first state, when that state wrote no other events. Every recording of AWS in which a distributed
/// Map follows such a state links `MapStateExited` to `MapRunStarted`; in all others, to `MapRunSucceeded`.
const AFTER_ONE_STATE: u64 = 3;
