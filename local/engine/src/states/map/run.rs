//! The run of a distributed Map and the starts of its child executions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Map, ProcessorMode};
use sluice_asl::eval::Entropy;

use super::batch::Batch;
use crate::Status;
use crate::change::child::ChildStarted;
use crate::change::map_run::MapRunStarted;
use crate::decision::{Decision, Failure, Step, Work};
use crate::execution_state::{ChildExecution, MapRun, ThreadId, Threshold};
use crate::limits::{EXPRESS_SECONDS, after};
use crate::map_run::{MapRunCounts, MapRunStatus};

/// The most children of a Map Run that are at work at a time.
const RUN_CONCURRENCY: usize = 10_000;

const THRESHOLD_EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

/// The most iterations that `MaxConcurrency` lets be at work at a time.
pub(super) fn concurrency(limit: u64, mode: ProcessorMode) -> usize {
    match (limit, mode) {
        (0, ProcessorMode::Inline) => usize::MAX,
        (0, ProcessorMode::Distributed { .. }) => RUN_CONCURRENCY,
        (limit, ProcessorMode::Inline) => usize::try_from(limit).unwrap_or(usize::MAX),
        (limit, ProcessorMode::Distributed { .. }) => usize::try_from(limit).unwrap_or(usize::MAX).min(RUN_CONCURRENCY),
    }
}

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
    d.emit(MapRunStarted {
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

/// Starts the child execution of the item, or batch of items, at `index`.
pub(super) fn start_child(d: &mut Decision<'_>, thread: ThreadId, map: &Map, index: usize) -> Step {
    let input = d.execution().iterations(thread)?.item(thread, index)?.clone();
    let child = child_execution(d, d.execution().run(thread)?, input);
    let branch = ThreadId(d.execution().next_thread);
    d.emit(ChildStarted {
        parent: thread,
        branch,
        index,
        flow: map.processor.flow.clone(),
        child: Box::new(child),
    })?;
    d.later(Work::Enter(branch));
    Ok(())
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

/// The failure of a Map of which more iterations failed than it tolerates.
pub(crate) fn threshold_exceeded() -> Failure {
    Failure::new(
        THRESHOLD_EXCEEDED,
        "The specified tolerated failure threshold was exceeded",
    )
}
