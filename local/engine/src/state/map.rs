//! Map: one iteration for each item, so many at a time as may be.
//!
//! An inline iteration is a thread of the execution. A distributed Map's children are threads too, but each has its
//! own history and variables, as the executions of a Map Run have; the parent's history shows only the run.

mod writer;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Map as Object, Value};
use sluice_asl::definition::{Dynamic, ItemBatcher, Map, ProcessorMode};
use sluice_asl::eval::{Entropy, ErrorName, EvalError};
use sluice_asl::{StateKind, serialized_len};

use super::{abandon_call, abort_branches, results, silence_branches};
use crate::change::Change;
use crate::decide::{
    Data, Decision, EXPRESS_SECONDS, Failure, MAX_EVENTS, REDRIVE_MS, ResultFlow, Step, View, Work, after,
    dynamic_reads_context,
};
use crate::event::ErrorDetails;
use crate::fact::MapRunUpdate;
use crate::life::{Block, ChildExecution, FlowRef, MapBlock, MapItem, MapRun, ROOT, Seat, ThreadId, Threshold};
use crate::map_run::{MapRunCounts, MapRunStatus};
use crate::{Outcome, Status};
use writer::Transformation;

/// The most children of a Map Run that are at work at a time.
const RUN_CONCURRENCY: usize = 10_000;

/// How often a Map Run can be redriven.
const MAX_REDRIVES: u64 = 1_000;

/// The most bytes of the inputs of all children of a Map Run: they are in memory together.
const MAX_RUN_INPUT: usize = 256 << 20;

const THRESHOLD_EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

/// A distributed Map's children before they start.
pub(crate) struct Batch {
    pub(crate) input: Arc<Value>,
    /// How many items it holds.
    weight: usize,
}

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
            let batches = match batches(d, &view, map, thread) {
                Ok(batches) => batches,
                Err(error) => return d.fail_evaluation(thread, error),
            };
            start_run(d, thread, map, (tolerance, max_concurrency), batches)?;
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

/// The inputs of a distributed Map's children.
fn batches(d: &Decision<'_>, view: &View, map: &Map, thread: ThreadId) -> Result<Vec<Batch>, EvalError> {
    let length = d
        .life
        .visit(thread)
        .and_then(|visit| visit.block())
        .map_or(0, |block| block.results.len());
    let mut inputs = Vec::with_capacity(length);
    let mut bytes = 0;
    for index in 0..length {
        let input = item_input(d, thread, map, index)?;
        bytes += serialized_len(&input);
        if bytes > MAX_RUN_INPUT {
            return Err(EvalError {
                name: ErrorName::DataLimitExceeded,
                cause: format!("The inputs of the Map Run's child executions exceed {MAX_RUN_INPUT} bytes."),
                location: None,
            });
        }
        inputs.push(input);
    }
    match &map.item_batcher {
        None => Ok(inputs.into_iter().map(|input| Batch { input, weight: 1 }).collect()),
        Some(batcher) => in_batches(d, view, batcher, &inputs),
    }
}

fn in_batches(
    d: &Decision<'_>,
    view: &View,
    batcher: &ItemBatcher,
    inputs: &[Arc<Value>],
) -> Result<Vec<Batch>, EvalError> {
    let state_input = if view.is_jsonata() {
        view.input.clone()
    } else {
        d.effective_input(view)?
    };
    let data = Data::input(&state_input);
    let limit = |dynamic: &Option<Dynamic<u64>>| match dynamic {
        None => Ok(usize::MAX),
        Some(dynamic) => d
            .evaluate(view, data, dynamic_reads_context(dynamic), |scope| {
                dynamic.evaluate(scope)
            })
            .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX).max(1)),
    };
    let max_items = limit(&batcher.max_items)?;
    let max_bytes = limit(&batcher.max_bytes)?;
    let common = match &batcher.batch_input {
        Some(template) => Some(d.template(view, template, data)?),
        None => None,
    };
    Ok(batches_of(inputs, common.as_ref(), max_items, max_bytes))
}

/// The inputs in batches of at most so many items and bytes; an item that is too long has a batch of its own.
pub(crate) fn batches_of(
    inputs: &[Arc<Value>],
    common: Option<&Value>,
    max_items: usize,
    max_bytes: usize,
) -> Vec<Batch> {
    let frame = serialized_len(&batch_input(common, Vec::new()));
    let mut batches = Vec::new();
    let mut items: Vec<Value> = Vec::new();
    let mut bytes = frame;
    for input in inputs {
        // one more for the comma
        let more = serialized_len(input) + 1;
        if !items.is_empty() && (items.len() >= max_items || bytes.saturating_add(more) > max_bytes) {
            batches.push(batch(common, std::mem::take(&mut items)));
            bytes = frame;
        }
        items.push((**input).clone());
        bytes += more;
    }
    if !items.is_empty() {
        batches.push(batch(common, items));
    }
    batches
}

fn batch(common: Option<&Value>, items: Vec<Value>) -> Batch {
    let weight = items.len();
    Batch {
        input: Arc::new(batch_input(common, items)),
        weight,
    }
}

fn batch_input(common: Option<&Value>, items: Vec<Value>) -> Value {
    let mut input = Object::new();
    if let Some(common) = common {
        input.insert("BatchInput".to_owned(), common.clone());
    }
    input.insert("Items".to_owned(), Value::Array(items));
    Value::Object(input)
}

fn start_run(
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
                (0, Some(run)) if run.exceeded() => fail_run(d, thread),
                (0, _) => finish(d, thread, map),
                _ => Ok(()),
            };
        }
        if block.open >= plan.limit {
            return Ok(());
        }
        if let Some(child) = plan.again.front().copied() {
            run_again(d, thread, map, child)?;
            continue;
        }
        let index = plan.next;
        if plan.run.is_some() {
            start_child(d, thread, map, index)?;
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

fn start_child(d: &mut Decision<'_>, thread: ThreadId, map: &Map, index: usize) -> Step {
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
fn run_again(d: &mut Decision<'_>, parent: ThreadId, map: &Map, child: ThreadId) -> Step {
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
        fail_run(d, seat.parent)
    } else {
        proceed(d, seat.parent, map)
    }
}

fn fail_run(d: &mut Decision<'_>, thread: ThreadId) -> Step {
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

fn finish(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    let ends = d.life.visit(thread).and_then(|visit| visit.run()?.ends.as_ref());
    let result = match ends {
        Some(ends) => writer::written(ends, Transformation::of(map)),
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
