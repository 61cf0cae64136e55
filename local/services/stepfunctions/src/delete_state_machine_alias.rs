//! [DeleteStateMachineAlias](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineAlias.html)

use serde::Deserialize;
use sluice_wire::Constraints;

use crate::empty::Empty;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_alias_arn: Option<String>,
}

/// One that is not there counts as deleted, as on AWS. The versions stay.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let alias_arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, 1..=256);
    constraints.finish()?;
    let (machine_arn, name) = arn::alias(&alias_arn)?;
    states.driver.aliases().delete(&machine_arn, &name).await?;
    Ok(Empty {})
}
