//! [DeleteStateMachineAlias](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineAlias.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::{StatesError, arn};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
}

/// One that is not there counts as deleted, as on AWS. The versions stay.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let alias_arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, 1..=256);
    constraints.finish()?;
    let (machine_arn, name) = arn::alias(&alias_arn)?;
    services.driver.delete_alias(&machine_arn, name).await?;
    Ok(json!({}))
}
