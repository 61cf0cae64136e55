//! [DescribeMapRun](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_engine::MapRunCounts;

use super::{StatesError, arn, outcome};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    map_run_arn: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let map_run_arn = constraints.text("mapRunArn", request.map_run_arn, 1..=2000);
    constraints.finish()?;
    arn::map_run(&map_run_arn)?;
    let oldest = outcome::oldest_redrivable(services.config.now());
    let Some(found) = services.driver.map_run(&map_run_arn, oldest).await? else {
        return Err(StatesError::ResourceNotFound(map_run_arn));
    };
    let run = &found.report;
    let mut shown = json!({
        "mapRunArn": run.arn,
        "executionArn": run.execution_arn,
        "status": run.status.as_str(),
        "startDate": epoch_seconds(run.started_at),
        "maxConcurrency": run.max_concurrency,
        "toleratedFailurePercentage": run.tolerated_percentage.unwrap_or(0.0),
        "toleratedFailureCount": run.tolerated_count.unwrap_or(0),
        "itemCounts": counts(&run.items, found.items_not_redrivable),
        "executionCounts": counts(&run.executions, found.executions_not_redrivable),
        "redriveCount": run.redrives,
    });
    if let Some(ended_at) = run.ended_at {
        shown["stopDate"] = json!(epoch_seconds(ended_at));
    }
    if let Some(redriven_at) = run.redriven_at {
        shown["redriveDate"] = json!(epoch_seconds(redriven_at));
    }
    Ok(shown)
}

/// No ResultWriter writes results anywhere here.
fn counts(counts: &MapRunCounts, not_redrivable: u64) -> Value {
    json!({
        "pending": counts.pending,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timedOut": counts.timed_out,
        "aborted": counts.aborted,
        "total": counts.total(),
        "resultsWritten": 0,
        "failuresNotRedrivable": not_redrivable,
        "pendingRedrive": counts.pending_redrive,
    })
}
