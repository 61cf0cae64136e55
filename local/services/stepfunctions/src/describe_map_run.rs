//! [DescribeMapRun](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html)

use serde::{Deserialize, Serialize};
use sluice_engine::MapRunCounts;
use sluice_wire::{Constraints, epoch_seconds};

use crate::execution::oldest_redrivable;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    map_run_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    map_run_arn: String,
    execution_arn: String,
    status: &'static str,
    start_date: f64,
    max_concurrency: u64,
    tolerated_failure_percentage: f64,
    tolerated_failure_count: u64,
    item_counts: Counts,
    execution_counts: Counts,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<f64>,
}

/// `MapRunItemCounts` and `MapRunExecutionCounts`. No ResultWriter writes results anywhere here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    pending: usize,
    running: usize,
    succeeded: usize,
    failed: usize,
    timed_out: usize,
    aborted: usize,
    total: usize,
    results_written: usize,
    failures_not_redrivable: u64,
    pending_redrive: usize,
}

impl Counts {
    fn of(counts: &MapRunCounts, not_redrivable: u64) -> Self {
        Self {
            pending: counts.pending,
            running: counts.running,
            succeeded: counts.succeeded,
            failed: counts.failed,
            timed_out: counts.timed_out,
            aborted: counts.aborted,
            total: counts.total(),
            results_written: 0,
            failures_not_redrivable: not_redrivable,
            pending_redrive: counts.pending_redrive,
        }
    }
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let map_run_arn = constraints.text("mapRunArn", request.map_run_arn, 1..=2000);
    constraints.finish()?;
    arn::map_run(&map_run_arn)?;
    let oldest = oldest_redrivable(states.account.now());
    let Some(found) = states.driver.map_runs().get(&map_run_arn, oldest).await? else {
        return Err(StatesError::ResourceNotFound(map_run_arn));
    };
    let run = found.report;
    Ok(Response {
        map_run_arn: run.arn.to_string(),
        execution_arn: run.execution_arn.to_string(),
        status: run.status.as_str(),
        start_date: epoch_seconds(run.started_at),
        max_concurrency: run.max_concurrency,
        tolerated_failure_percentage: run.tolerated_percentage.unwrap_or(0.0),
        tolerated_failure_count: run.tolerated_count.unwrap_or(0),
        item_counts: Counts::of(&run.items, found.items_not_redrivable),
        execution_counts: Counts::of(&run.executions, found.executions_not_redrivable),
        redrive_count: run.redrives,
        stop_date: run.ended_at.map(epoch_seconds),
        redrive_date: run.redriven_at.map(epoch_seconds),
    })
}
