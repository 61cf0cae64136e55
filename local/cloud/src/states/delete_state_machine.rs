//! [DeleteStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::{StatesError, arn};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_arn: Option<String>,
}

/// One that is not there counts as deleted, as on AWS.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    constraints.finish()?;
    arn::state_machine(&machine_arn)?;
    services.driver.delete_machine(&machine_arn).await?;
    Ok(json!({}))
}
