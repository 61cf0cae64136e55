//! [SendTaskHeartbeat](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html)

use serde::Deserialize;
use sluice_wire::Constraints;

use crate::empty::Empty;
use crate::send_task_success::MAX_TOKEN;
use crate::{StatesError, StepFunctions};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    task_token: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let token = constraints.text("taskToken", request.task_token, 1..=MAX_TOKEN);
    constraints.finish()?;
    states.driver.tokens().heartbeat(&token).await?;
    Ok(Empty {})
}
