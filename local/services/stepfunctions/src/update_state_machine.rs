//! [UpdateStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html)

use serde::{Deserialize, Serialize};
use sluice_driver::MachineRecord;
use sluice_wire::{ApiError, Constraints, epoch_seconds};

use crate::attributes::{Attributes, EncryptionConfiguration, LoggingConfiguration, TracingConfiguration};
use crate::lookup::machine;
use crate::publish::Publish;
use crate::{StatesError, StepFunctions, arn, definition};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_arn: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    encryption_configuration: Option<EncryptionConfiguration>,
    publish: Option<bool>,
    version_description: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    update_date: f64,
    revision_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn.clone(), 1..=256);
    constraints.optional_text("definition", request.definition.clone(), 1..=definition::MAX_CHARS);
    constraints.optional_text("roleArn", request.role_arn.clone(), 1..=256);
    constraints.finish()?;
    let publish = Publish::of(request.publish, request.version_description.clone())?;

    let before = machine(states, &machine_arn).await?;
    let mut after = changed(&before, request)?;
    let is_first = before.revision_id.is_empty();
    if after != before || is_first {
        after.revision_id = states.account.uuid().to_string();
        after.updated = states.account.now();
        states.driver.machines().put(after.clone(), false).await?;
    }
    let state_machine_version_arn = publish.carry_out(states, &after).await?;
    Ok(Response {
        update_date: epoch_seconds(after.updated),
        revision_id: after.revision_id,
        state_machine_version_arn,
    })
}

fn changed(before: &MachineRecord, request: Request) -> Result<MachineRecord, StatesError> {
    if request.definition.is_none()
        && request.role_arn.is_none()
        && request.logging_configuration.is_none()
        && request.tracing_configuration.is_none()
        && request.encryption_configuration.is_none()
    {
        let message = "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the \
                       EncryptionConfiguration must be specified";
        return Err(ApiError::client("MissingRequiredParameter", message).into());
    }
    let mut after = before.clone();
    if let Some(text) = request.definition {
        definition::accept(&text, before.kind)?;
        after.definition = text.into();
    }
    if let Some(role_arn) = request.role_arn {
        arn::role(&role_arn)?;
        after.role_arn = role_arn;
    }
    let mut attributes = Attributes::of(before);
    if let Some(logging) = request.logging_configuration {
        logging.check()?;
        attributes.logging = logging;
    }
    if let Some(tracing) = request.tracing_configuration {
        attributes.tracing = tracing;
    }
    if let Some(encryption) = request.encryption_configuration {
        encryption.check()?;
        attributes.encryption = Some(encryption);
    }
    after.attributes = attributes.into_value();
    Ok(after)
}
