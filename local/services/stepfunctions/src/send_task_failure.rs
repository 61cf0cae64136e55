//! [SendTaskFailure](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html)

use serde::Deserialize;
use sluice_wire::Constraints;

use crate::empty::Empty;
use crate::send_task_success::MAX_TOKEN;
use crate::{StatesError, StepFunctions};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    task_token: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let token = constraints.text("taskToken", request.task_token, 1..=MAX_TOKEN);
    let error = constraints.optional_text("error", request.error, 0..=256);
    let cause = constraints.optional_text("cause", request.cause, 0..=32_768);
    constraints.finish()?;
    states.driver.tokens().fail(&token, error, cause).await?;
    Ok(Empty {})
}
