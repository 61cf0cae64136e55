//! [StartSyncExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::MachineKind;
use sluice_engine::Status;

use super::describe_state_machine::{included_data, machine};
use super::start_execution::{self, StartExecutionRequest};
use super::{StatesError, outcome};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    #[serde(flatten)]
    start: StartExecutionRequest,
    included_data: Option<String>,
}

/// Waits for the end of an Express execution and answers its outcome.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    let request = start_execution::checked(request.start)?;
    let record = machine(services, &request.machine_arn).await?;
    if record.kind != MachineKind::Express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let started = start_execution::start_checked(services, request).await?;
    let ended = services.driver.ended(&started.arn).await?;
    let record = ended.ok_or_else(|| StatesError::ExecutionDoesNotExist(started.arn.clone()))?;
    let mut answer = outcome::members(&record, included);
    if record.status == Status::TimedOut {
        answer.insert("error".into(), json!("States.Timeout"));
    }
    let milliseconds = record.stop_date.unwrap_or(record.start_date) - record.start_date;
    // Express bills by duration, rounded up to 100 ms, and by memory in steps of 64 MB.
    let billed = (milliseconds.max(0) + 99) / 100 * 100;
    answer.insert(
        "billingDetails".into(),
        json!({ "billedDurationInMilliseconds": billed.max(100), "billedMemoryUsedInMB": 64 }),
    );
    Ok(Value::Object(answer))
}
