//! [StartExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::{DriverError, StartError, StartExecution, Started};
use tokio::time::Instant;

use super::input::{self, Refused};
use super::{StatesError, arn, name};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StartExecutionRequest {
    pub(crate) state_machine_arn: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) trace_header: Option<String>,
}

pub(super) async fn call(services: &Services, request: StartExecutionRequest) -> Result<Value, StatesError> {
    let started = start(services, request).await?;
    Ok(json!({ "executionArn": started.arn, "startDate": epoch_seconds(started.start_date) }))
}

async fn start(services: &Services, request: StartExecutionRequest) -> Result<Started, StatesError> {
    start_checked(services, checked(request)?).await
}

pub(super) async fn start_checked(services: &Services, request: StartExecution) -> Result<Started, StatesError> {
    if services.crowding.is_crowded(&request.machine_arn, Instant::now()) {
        return Err(StatesError::Throttled);
    }
    services
        .driver
        .start_execution(request)
        .await
        .map_err(|error| match error {
            StartError::Driver(too_deep @ DriverError::TooDeep { .. }) => {
                StatesError::InvalidExecutionInput(too_deep.to_string())
            }
            other => other.into(),
        })
}

/// Everything that can be said about the request before the driver sees it. Also for the `states:startExecution`
/// integration.
pub(crate) fn checked(request: StartExecutionRequest) -> Result<StartExecution, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    let trace_header = constraints.optional_text("traceHeader", request.trace_header, 0..=256);
    constraints.finish()?;
    let (machine_arn, qualifier) = arn::qualified(&machine_arn)?;
    if let Some(name) = &request.name {
        name::check(name)?;
    }
    let input_text = request.input.unwrap_or_else(|| "{}".to_owned());
    let input = match input::parse(&input_text) {
        Ok(input) => input,
        Err(Refused::TooLong) => return Err(input::too_long("input")),
        Err(Refused::Empty) => return Err(StatesError::InvalidExecutionInput("Invalid execution input.".into())),
        Err(Refused::NotJson(why)) => return Err(StatesError::InvalidExecutionInput(why)),
    };
    Ok(StartExecution {
        machine_arn,
        name: request.name,
        input,
        input_text,
        trace_header,
        qualifier,
    })
}
