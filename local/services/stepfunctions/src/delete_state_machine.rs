//! [DeleteStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html)

use serde::Deserialize;
use sluice_wire::{ApiError, Constraints};

use crate::empty::Empty;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_arn: Option<String>,
}

/// Its versions and aliases go with it. One that is not there counts as deleted, as on AWS.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    constraints.finish()?;
    if arn::state_machine(&machine_arn)?.is_some() {
        let message = "A version or an alias cannot be deleted with DeleteStateMachine: give the state machine's own \
                       ARN, or call DeleteStateMachineVersion or DeleteStateMachineAlias.";
        return Err(ApiError::validation(message).into());
    }
    states.driver.machines().delete(&machine_arn).await?;
    Ok(Empty {})
}
