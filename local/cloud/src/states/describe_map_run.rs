//! [DescribeMapRun](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_engine::MapRunCounts;

use super::{StatesError, arn};
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
    let found = services.driver.map_run(&map_run_arn).await?;
    let Some((identity, run)) = found.and_then(|mut found| Some((found.identity, found.runs.pop()?))) else {
        return Err(StatesError::ResourceNotFound(map_run_arn));
    };
    let mut shown = json!({
        "mapRunArn": run.arn,
        "executionArn": identity.arn,
        "status": run.status.as_str(),
        "startDate": epoch_seconds(run.started_at),
        "maxConcurrency": run.max_concurrency,
        "toleratedFailurePercentage": run.tolerated_percentage.unwrap_or(0.0),
        "toleratedFailureCount": run.tolerated_count.unwrap_or(0),
        "itemCounts": counts(&run.items),
        "executionCounts": counts(&run.executions),
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

/// Children have no time limit of their own here, so none times out; and no ResultWriter writes their results anywhere.
fn counts(counts: &MapRunCounts) -> Value {
    json!({
        "pending": counts.pending,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timedOut": 0,
        "aborted": counts.aborted,
        "total": counts.total(),
        "resultsWritten": 0,
    })
}
