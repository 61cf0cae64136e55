//! Map: one iteration for each item, so many at a time as may be.
//!
//! An inline iteration is a thread of the execution. A distributed Map's children are threads too, but each has its
//! own history and variables, as the executions of a Map Run have; the parent's history shows only the run.

mod batch;
mod items;
mod iterations;
mod run;
mod writer;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Map, ProcessorMode};
use sluice_asl::eval::EvalError;

use super::behavior::StateBehavior;
use crate::change::fan_out::FanOutStarted;
use crate::decision::{Data, Decision, Failure, Step, View, dynamic_reads_context};
use crate::execution_state::{FanOut, Iterations, ThreadId, Threshold};

pub(crate) use batch::batches_of;
pub(crate) use iterations::{end_child, resume, update};
pub(crate) use run::threshold_exceeded;

impl StateBehavior for Map {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        if let Some(failure) = missing_service(self) {
            return d.fail_state(thread, failure);
        }
        let view = d.view(thread)?;
        let (fan_out, max_concurrency) = match plan(d, &view, self) {
            Ok(plan) => plan,
            Err(error) => return d.fail_evaluation(thread, error),
        };
        d.emit(FanOutStarted {
            thread,
            fan_out: Box::new(fan_out),
        })?;
        let tolerance = match tolerance(d, &view, self) {
            Ok(tolerance) => tolerance,
            Err(error) => return d.fail_evaluation(thread, error),
        };
        match self.processor.mode {
            ProcessorMode::Inline => {}
            ProcessorMode::Distributed { .. } => {
                let iterations = d.execution().iterations(thread)?;
                let batches = match batch::batches(d, &view, self, iterations) {
                    Ok(batches) => batches,
                    Err(error) => return d.fail_evaluation(thread, error),
                };
                run::start(d, thread, self, (tolerance, max_concurrency), batches)?;
            }
        }
        iterations::proceed(d, thread, self)
    }

    fn branch_succeeded(&self, d: &mut Decision<'_>, thread: ThreadId, branch: ThreadId, output: Arc<Value>) -> Step {
        iterations::succeeded(d, thread, self, branch, output)
    }

    fn branch_failed(&self, d: &mut Decision<'_>, thread: ThreadId, branch: ThreadId, failure: Failure) -> Step {
        iterations::failed(d, thread, self, branch, failure)
    }
}

/// The failure of a Map whose reader or writer of items needs a service that is not here.
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

/// The items and the most that may run at a time; and the value of `MaxConcurrency`.
fn plan(d: &Decision<'_>, view: &View, map: &Map) -> Result<(FanOut, u64), EvalError> {
    let input = d.state_input(view)?;
    let data = Data::input(&input);
    let reads_context = map.items.as_ref().is_some_and(dynamic_reads_context);
    let items = d.evaluate(view, data, reads_context, |scope| map.evaluate_items(scope))?;
    let max_concurrency = match &map.max_concurrency {
        None => 0,
        Some(max) => d.evaluate(view, data, dynamic_reads_context(max), |scope| max.evaluate(scope))?,
    };
    let limit = run::concurrency(max_concurrency, map.processor.mode);
    let fan_out = FanOut {
        results: vec![None; items.values.len()],
        open: 0,
        iterations: Some(Iterations {
            input: input.clone(),
            keyed: items.keyed,
            items: items.values.into_iter().map(Arc::new).collect(),
            next: 0,
            limit,
            redrive_queue: VecDeque::new(),
            link: 0,
            run: None,
        }),
    };
    Ok((fan_out, max_concurrency))
}

fn tolerance(d: &Decision<'_>, view: &View, map: &Map) -> Result<Threshold, EvalError> {
    let input = d.state_input(view)?;
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
