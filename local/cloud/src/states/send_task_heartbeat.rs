//! [SendTaskHeartbeat](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::send_task_success::MAX_TOKEN;
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    task_token: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let token = constraints.text("taskToken", request.task_token, 1..=MAX_TOKEN);
    constraints.finish()?;
    services.driver.task_heartbeat(&token).await?;
    Ok(json!({}))
}
