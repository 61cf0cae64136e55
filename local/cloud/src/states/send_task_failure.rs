//! [SendTaskFailure](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::send_task_success::MAX_TOKEN;
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    task_token: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let token = constraints.text("taskToken", request.task_token, 1..=MAX_TOKEN);
    let error = constraints.optional_text("error", request.error, 0..=256);
    let cause = constraints.optional_text("cause", request.cause, 0..=32_768);
    constraints.finish()?;
    services.driver.task_failure(&token, error, cause).await?;
    Ok(json!({}))
}
