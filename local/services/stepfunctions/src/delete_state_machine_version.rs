//! [DeleteStateMachineVersion](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineVersion.html)

use serde::Deserialize;
use sluice_wire::Constraints;

use crate::empty::Empty;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_version_arn: Option<String>,
}

/// One that is not there counts as deleted, as on AWS. Its executions go on.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let version_arn = constraints.text("stateMachineVersionArn", request.state_machine_version_arn, 1..=2000);
    constraints.finish()?;
    let (machine_arn, number) = arn::version(&version_arn)?;
    states.driver.versions().delete(&machine_arn, number).await?;
    Ok(Empty {})
}
