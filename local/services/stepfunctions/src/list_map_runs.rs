//! [ListMapRuns](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListMapRuns.html)

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sluice_engine::MapRunReport;
use sluice_wire::{Constraints, PageToken, epoch_seconds};

use crate::paging::Paging;
use crate::{StatesError, StepFunctions, lookup};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    map_runs: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// `MapRunListItem`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: Arc<str>,
    map_run_arn: Arc<str>,
    state_machine_arn: Arc<str>,
    start_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<f64>,
}

/// The oldest first: an execution only ever gets more of them, so that a page's place stays right.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let paging = Paging::of(&mut constraints, request.max_results, request.next_token);
    constraints.finish()?;
    let scope = ["ListMapRuns", &execution_arn];
    let token = PageToken::of(&scope);
    let start: usize = paging.start(&token)?.unwrap_or(0);
    let execution = lookup::execution(states, &execution_arn).await?;
    if execution.identity.express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let runs = states.driver.map_runs().list(&execution_arn).await?;

    let item = |run: &MapRunReport| Item {
        execution_arn: Arc::clone(&run.execution_arn),
        map_run_arn: Arc::clone(&run.arn),
        state_machine_arn: Arc::clone(&execution.identity.machine_arn),
        start_date: epoch_seconds(run.started_at),
        stop_date: run.ended_at.map(epoch_seconds),
    };
    let end = start.saturating_add(paging.limit);
    Ok(Response {
        map_runs: runs.iter().skip(start).take(paging.limit).map(item).collect(),
        next_token: (end < runs.len()).then(|| token.seal(&end.to_string())),
    })
}
