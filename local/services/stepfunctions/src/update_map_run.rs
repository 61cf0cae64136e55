//! [UpdateMapRun](https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateMapRun.html)

use serde::Deserialize;
use sluice_engine::MapRunUpdate;
use sluice_wire::{ApiError, Constraints};

use crate::empty::Empty;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    map_run_arn: Option<String>,
    max_concurrency: Option<u64>,
    tolerated_failure_percentage: Option<f64>,
    tolerated_failure_count: Option<u64>,
}

/// Changes the limits of a Map Run at work.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let map_run_arn = constraints.text("mapRunArn", request.map_run_arn, 1..=2000);
    constraints.finish()?;
    arn::map_run(&map_run_arn)?;
    let percentage = request.tolerated_failure_percentage;
    if percentage.is_some_and(|percentage| !(0.0..=100.0).contains(&percentage)) {
        let message = "toleratedFailurePercentage must be a number from 0 to 100.";
        return Err(ApiError::validation(message).into());
    }
    let update = MapRunUpdate {
        max_concurrency: request.max_concurrency,
        tolerated_count: request.tolerated_failure_count,
        tolerated_percentage: percentage,
    };
    match states.driver.map_runs().update(&map_run_arn, update).await? {
        Some(true) => Ok(Empty {}),
        Some(false) => {
            let message = format!("Only a Map Run that is running can be updated: '{map_run_arn}' is over.");
            Err(ApiError::validation(message).into())
        }
        None => Err(StatesError::ResourceNotFound(map_run_arn)),
    }
}
