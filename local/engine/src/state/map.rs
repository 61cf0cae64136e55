//! Map: one iteration for each item, so many at a time as may be.
//!
//! An inline iteration is a thread of the execution. A distributed Map's children are threads too, but each has its
//! own history and variables, as the executions of a Map Run have; the parent's history shows only the run.

use std::sync::Arc;

use serde_json::{Map as Object, Value};
use sluice_asl::definition::{Dynamic, ItemBatcher, Map, ProcessorMode};
use sluice_asl::eval::EvalError;
use sluice_asl::{StateKind, serialized_len};

use super::{abort_branches, results, silence_branches};
use crate::change::Change;
use crate::decide::{Data, Decision, Failure, ResultFlow, Step, View, Work, dynamic_reads_context};
use crate::event::ErrorDetails;
use crate::fact::MapRunUpdate;
use crate::life::{Block, ChildExecution, FlowRef, MapBlock, MapItem, MapRun, ROOT, Seat, ThreadId, Threshold};

/// How many children of a Map Run are at work at a time, if the state does not say.
pub(crate) const RUN_CONCURRENCY: usize = 10_000;

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
    let block = match plan(d, &view, map) {
        Ok(block) => block,
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
            start_run(d, thread, map, tolerance, batches)?;
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
    let resource = resource(map.result_writer.as_ref()?)?;
    Some(Failure::new(
        "States.ResultWriterFailed",
        format!("The ResultWriter resource '{resource}' is not available here: use the state's output."),
    ))
}

/// The items and how many may run at a time.
fn plan(d: &Decision<'_>, view: &View, map: &Map) -> Result<Block, EvalError> {
    let input = if view.is_jsonata() {
        view.input.clone()
    } else {
        d.effective_input(view)?
    };
    let data = Data::input(&input);
    let reads_context = map.items.as_ref().is_some_and(dynamic_reads_context);
    let items = d.evaluate(view, data, reads_context, |scope| map.evaluate_items(scope))?;
    let limit = match &map.max_concurrency {
        None => 0,
        Some(max) => d.evaluate(view, data, dynamic_reads_context(max), |scope| max.evaluate(scope))?,
    };
    let limit = concurrency(limit, map.processor.mode);
    Ok(Block {
        results: vec![None; items.len()],
        open: 0,
        map: Some(MapBlock {
            input: input.clone(),
            items: items.into_iter().map(Arc::new).collect(),
            next: 0,
            limit,
            link: 0,
            run: None,
        }),
    })
}

/// How many iterations `MaxConcurrency` lets be at work at a time.
fn concurrency(limit: u64, mode: ProcessorMode) -> usize {
    match (limit, mode) {
        (0, ProcessorMode::Inline) => usize::MAX,
        (0, ProcessorMode::Distributed { .. }) => RUN_CONCURRENCY,
        (limit, _) => usize::try_from(limit).unwrap_or(usize::MAX),
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
    let inputs = (0..length)
        .map(|index| item_input(d, thread, map, index))
        .collect::<Result<Vec<_>, _>>()?;
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

fn start_run(d: &mut Decision<'_>, thread: ThreadId, map: &Map, tolerance: Threshold, batches: Vec<Batch>) -> Step {
    let label = map.label.clone().unwrap_or_else(|| d.entropy.uuid());
    let arn = format!(
        "{}:{}/{label}:{}",
        arn_prefix(d, "mapRun"),
        d.identity.machine_name,
        d.entropy.uuid()
    );
    let run = MapRun {
        arn: arn.into(),
        weights: batches.iter().map(|batch| batch.weight).collect(),
        tolerance,
        failed_items: 0,
        started: 0,
        label: label.into(),
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

/// Starts as many iterations as there is room for; when none is left to start or running, the Map has ended.
fn proceed(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    loop {
        let Some(block) = d.life.visit(thread).and_then(|visit| visit.block()) else {
            return Ok(());
        };
        let Some(plan) = &block.map else { return Ok(()) };
        if plan.next >= plan.items.len() {
            return if block.open == 0 {
                finish(d, thread, map)
            } else {
                Ok(())
            };
        }
        if block.open >= plan.limit {
            return Ok(());
        }
        let index = plan.next;
        let item = plan.items[index].clone();
        let branch = ThreadId(d.life.next_thread);
        let flow = FlowRef::Inner(map.processor.flow.clone());
        if let Some(run) = &plan.run {
            let child = child_execution(d, run, map, item);
            let child = Box::new(child);
            d.emit(Change::ChildStarted {
                parent: thread,
                branch,
                index,
                flow,
                child,
            })?;
        } else {
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
                flow,
                item,
                input,
            })?;
        }
        d.later(Work::Enter(branch));
    }
}

fn child_execution(d: &Decision<'_>, run: &MapRun, map: &Map, input: Arc<Value>) -> ChildExecution {
    let kind = match map.processor.mode {
        ProcessorMode::Distributed { express: true } => "express",
        ProcessorMode::Distributed { express: false } | ProcessorMode::Inline => "execution",
    };
    let name = d.entropy.uuid();
    let arn = format!(
        "{}:{}/{}:{name}",
        arn_prefix(d, kind),
        d.identity.machine_name,
        run.label
    );
    // its first event is its own ExecutionStarted
    ChildExecution {
        arn: arn.into(),
        name: name.into(),
        input,
        started_at: d.at,
        events: 1,
    }
}

fn is_run(d: &Decision<'_>, thread: ThreadId) -> bool {
    let block = d.life.visit(thread).and_then(|visit| visit.block());
    block
        .and_then(|block| block.map.as_ref())
        .is_some_and(|map| map.run.is_some())
}

pub(crate) fn branch_returned(
    d: &mut Decision<'_>,
    thread: ThreadId,
    seat: Seat,
    map: &Map,
    output: Arc<Value>,
) -> Step {
    if is_run(d, seat.parent) {
        d.emit(Change::ChildSucceeded { thread, output })?;
    } else {
        d.emit(Change::IterationSucceeded { thread, output })?;
    }
    proceed(d, seat.parent, map)
}

pub(crate) fn branch_failed(d: &mut Decision<'_>, thread: ThreadId, seat: Seat, map: &Map, failure: Failure) -> Step {
    let parent = seat.parent;
    if !is_run(d, parent) {
        d.emit(Change::IterationFailed { thread })?;
        abort_branches(d, parent)?;
        return d.fail_state(parent, failure);
    }
    if tolerates(d, seat) {
        silence_branches(d, thread)?;
        d.emit(Change::ChildTolerated { thread })?;
        return proceed(d, parent, map);
    }
    d.emit(Change::ChildFailed { thread })?;
    abort_branches(d, parent)?;
    let exceeded = threshold_exceeded();
    let details: ErrorDetails = exceeded.details();
    d.emit(Change::MapRunFailed {
        thread: parent,
        details,
    })?;
    d.fail_state(parent, exceeded)
}

/// More iterations failed than the state tolerates.
pub(crate) fn threshold_exceeded() -> Failure {
    Failure::new(
        THRESHOLD_EXCEEDED,
        "The specified tolerated failure threshold was exceeded",
    )
}

/// Whether the run goes on although this child failed.
fn tolerates(d: &Decision<'_>, seat: Seat) -> bool {
    let block = d.life.visit(seat.parent).and_then(|visit| visit.block());
    let Some(run) = block
        .and_then(|block| block.map.as_ref())
        .and_then(|map| map.run.as_ref())
    else {
        return false;
    };
    let failed = run.failed_items + run.weights.get(seat.index).copied().unwrap_or(1);
    !run.tolerance.exceeded(failed, run.weights.iter().sum())
}

fn finish(d: &mut Decision<'_>, thread: ThreadId, map: &Map) -> Step {
    let result = results(d, thread);
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
    let plan = visit.block().and_then(|block| block.map.as_ref());
    let (StateKind::Map(map), Some(plan)) = (&state.kind, plan) else {
        return Ok(());
    };
    let before = plan.run.as_ref().map(|run| run.tolerance).unwrap_or_default();
    let limit = update
        .max_concurrency
        .map_or(plan.limit, |limit| concurrency(limit, map.processor.mode));
    d.emit(Change::MapRunUpdated {
        thread,
        limit,
        tolerance: Threshold {
            count: update.tolerated_count.or(before.count),
            percentage: update.tolerated_percentage.or(before.percentage),
        },
    })?;
    proceed(d, thread, map)
}

/// The execution was redriven while the Map had children that were not done.
pub(crate) fn redriven(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    if is_run(d, thread) {
        d.emit(Change::MapRunRedriven { thread })
    } else {
        Ok(())
    }
}
