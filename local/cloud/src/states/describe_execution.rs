//! [DescribeExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::ExecutionRecord;

use super::describe_state_machine::included_data;
use super::{StatesError, arn, outcome};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    let record = record(services, &execution_arn).await?;
    // Of Express executions, only those are described that a Map Run has started.
    if record.identity.express && record.child.is_none() {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let mut answer = outcome::members(&record, included);
    answer.insert("redriveCount".into(), json!(record.redrive_count));
    if let Some(redriven_at) = record.redriven_at {
        answer.insert("redriveDate".into(), json!(epoch_seconds(redriven_at)));
    }
    if let Some(child) = &record.child {
        answer.insert("mapRunArn".into(), json!(child.map_run_arn));
    }
    let redrivable = match record.child {
        None => "REDRIVABLE",
        Some(_) => "REDRIVABLE_BY_MAP_RUN",
    };
    match outcome::not_redrivable(&record, services.config.now()) {
        None => drop(answer.insert("redriveStatus".into(), json!(redrivable))),
        Some(reason) => {
            answer.insert("redriveStatus".into(), json!("NOT_REDRIVABLE"));
            answer.insert("redriveStatusReason".into(), json!(reason));
        }
    }
    if let Some(version_arn) = &record.version_arn {
        answer.insert("stateMachineVersionArn".into(), json!(version_arn));
    }
    if let Some(alias_arn) = &record.alias_arn {
        answer.insert("stateMachineAliasArn".into(), json!(alias_arn));
    }
    Ok(Value::Object(answer))
}

/// The execution that an ARN names.
///
/// # Errors
/// `InvalidArn` or `ExecutionDoesNotExist`.
pub(super) async fn record(services: &Services, execution_arn: &str) -> Result<ExecutionRecord, StatesError> {
    arn::execution(execution_arn)?;
    services
        .driver
        .execution(execution_arn)
        .await?
        .ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.to_owned()))
}
