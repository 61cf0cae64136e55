//! [UpdateStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::MachineRecord;

use super::attributes::{Attributes, EncryptionConfiguration, LoggingConfiguration, TracingConfiguration};
use super::describe_state_machine::machine;
use super::publish::Publish;
use super::{StatesError, arn, definition};
use crate::endpoint::{ApiError, Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    encryption_configuration: Option<EncryptionConfiguration>,
    publish: Option<bool>,
    version_description: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn.clone(), 1..=256);
    constraints.optional_text("definition", request.definition.clone(), 1..=definition::MAX_CHARS);
    constraints.optional_text("roleArn", request.role_arn.clone(), 1..=256);
    constraints.finish()?;
    let publish = Publish::of(request.publish, request.version_description.clone())?;

    let before = machine(services, &machine_arn).await?;
    let mut after = changed(&before, request)?;
    let is_first = before.revision_id.is_empty();
    if after != before || is_first {
        after.revision_id = services.config.uuid().to_string();
        after.updated = services.config.now();
        services.driver.put_machine(after.clone(), false).await?;
    }
    let mut answer = json!({ "updateDate": epoch_seconds(after.updated), "revisionId": after.revision_id });
    publish.carry_out(services, &after, &mut answer).await?;
    Ok(answer)
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
