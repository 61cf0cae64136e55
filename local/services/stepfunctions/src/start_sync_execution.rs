//! [StartSyncExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html)

use serde::{Deserialize, Serialize};
use sluice_driver::MachineKind;
use sluice_engine::Status;
use sluice_wire::Constraints;

use crate::execution::Execution;
use crate::included_data::included_data;
use crate::{StatesError, StepFunctions, lookup, start_execution};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    #[serde(flatten)]
    start: start_execution::Request,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    #[serde(flatten)]
    execution: Execution,
    billing_details: BillingDetails,
}

#[derive(Debug, Serialize)]
struct BillingDetails {
    #[serde(rename = "billedDurationInMilliseconds")]
    milliseconds: i64,
    #[serde(rename = "billedMemoryUsedInMB")]
    memory_mb: u32,
}

/// Waits for the end of an Express execution and answers its outcome.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    let request = states.prepared(request.start).await?;
    let machine = lookup::machine(states, &request.machine_arn).await?;
    if machine.kind != MachineKind::Express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let started = start_execution::start(states, request).await?;
    let ended = states.driver.executions().wait_for_end(&started.arn).await?;
    let record = ended.ok_or_else(|| StatesError::ExecutionDoesNotExist(started.arn.clone()))?;
    let mut execution = Execution::of(&record, included);
    if record.status == Status::TimedOut {
        execution.error = Some("States.Timeout".into());
    }
    let milliseconds = record.stop_date.unwrap_or(record.start_date) - record.start_date;
    // Express bills by duration, rounded up to 100 ms, and by memory in steps of 64 MB.
    let billed = (milliseconds.max(0) + 99) / 100 * 100;
    Ok(Response {
        execution,
        billing_details: BillingDetails {
            milliseconds: billed.max(100),
            memory_mb: 64,
        },
    })
}
