//! [DescribeExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html)

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sluice_wire::{Constraints, epoch_seconds};

use crate::execution::{Execution, not_redrivable};
use crate::included_data::included_data;
use crate::{StatesError, StepFunctions, lookup};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    #[serde(flatten)]
    execution: Execution,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<Arc<str>>,
    redrive_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_status_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    let record = lookup::execution(states, &execution_arn).await?;
    // Of Express executions, only those are described that a Map Run has started.
    if record.identity.express && record.child.is_none() {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let not_redrivable = not_redrivable(&record, states.account.now());
    let redrive_status = match (&not_redrivable, &record.child) {
        (Some(_), _) => "NOT_REDRIVABLE",
        (None, None) => "REDRIVABLE",
        (None, Some(_)) => "REDRIVABLE_BY_MAP_RUN",
    };
    Ok(Response {
        execution: Execution::of(&record, included),
        redrive_count: record.redrive_count,
        redrive_date: record.redriven_at.map(epoch_seconds),
        map_run_arn: record.child.map(|child| child.map_run_arn),
        redrive_status,
        redrive_status_reason: not_redrivable,
        state_machine_version_arn: record.version_arn,
        state_machine_alias_arn: record.alias_arn,
    })
}
