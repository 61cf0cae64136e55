//! [StartExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{DriverError, RunningTask, StartError, StartExecution, Started, TaskResult};
use sluice_wire::{ApiError, Constraints, epoch_seconds};
use tokio::time::Instant;

use crate::input::{self, Refused};
use crate::{StatesError, StepFunctions, arn, name};

/// The request's members.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// The state machine's ARN, perhaps with a version or alias.
    pub state_machine_arn: Option<String>,
    /// The execution's name.
    pub name: Option<String>,
    /// The input as JSON text.
    pub input: Option<String>,
    /// The X-Ray trace header.
    pub trace_header: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    execution_arn: String,
    start_date: f64,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let started = start(states, states.prepared(request).await?).await?;
    Ok(Response {
        execution_arn: started.arn,
        start_date: epoch_seconds(started.start_date),
    })
}

/// Starts an execution, unless its machine has more to do than it can.
pub(crate) async fn start(states: &StepFunctions, request: StartExecution) -> Result<Started, StatesError> {
    if states.backpressure().applies_to(&request.machine_arn, Instant::now()) {
        return Err(StatesError::Throttled);
    }
    let started = states.driver.executions().start(request).await;
    started.map_err(|error| match error {
        StartError::Driver(too_deep @ DriverError::TooDeep { .. }) => {
            StatesError::InvalidExecutionInput(too_deep.to_string())
        }
        other => other.into(),
    })
}

/// Checks all that can be said about the request before the driver sees it.
pub(crate) fn checked(request: Request) -> Result<StartExecution, StatesError> {
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

impl StepFunctions {
    /// Starts an execution for a schedule or a task, whom backpressure does not concern.
    ///
    /// # Errors
    /// StartExecution's exceptions.
    pub async fn start_execution(&self, request: Request) -> Result<Started, ApiError> {
        self.admit("StartExecution")?;
        let request = self.prepared(request).await?;
        let started = self.driver.executions().start(request).await;
        Ok(started.map_err(StatesError::from)?)
    }

    /// Starts an execution for a task of another. The driver answers the task with `answer`, in the same commit.
    ///
    /// # Errors
    /// StartExecution's exceptions; nothing was started then.
    pub async fn start_child(
        &self,
        task: &mut RunningTask,
        request: Request,
        answer: impl Fn(&Started) -> TaskResult + Send + Sync + 'static,
    ) -> Result<(), ApiError> {
        self.admit("StartExecution")?;
        let request = self.prepared(request).await?;
        let started = self.driver.executions().start_for_task(task, request, answer).await;
        Ok(started.map_err(StatesError::from)?)
    }
}
