//! [CreateStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{MachineKind, MachineRecord, PutMachineResult};
use sluice_wire::{Constraints, epoch_seconds};

use crate::attributes::{
    Attributes, EncryptionConfiguration, LoggingConfiguration, Tag, TracingConfiguration, check_tags,
};
use crate::publish::Publish;
use crate::{StatesError, StepFunctions, arn, definition, name};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    name: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    encryption_configuration: Option<EncryptionConfiguration>,
    tags: Option<Vec<Tag>>,
    publish: Option<bool>,
    version_description: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machine_arn: String,
    creation_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let publish = Publish::of(request.publish, request.version_description.clone())?;
    let wanted = record(states, request)?;
    let record = match states.driver.machines().put(wanted.clone(), true).await? {
        PutMachineResult::Created | PutMachineResult::Replaced => wanted,
        PutMachineResult::Exists(existing) if is_same(&existing, &wanted) => *existing,
        PutMachineResult::Exists(existing) => return Err(StatesError::StateMachineAlreadyExists(existing.arn)),
    };
    // If this is lost in a crash, the same request again finds the machine and publishes it.
    let state_machine_version_arn = publish.carry_out(states, &record).await?;
    Ok(Response {
        state_machine_arn: record.arn,
        creation_date: epoch_seconds(record.created),
        state_machine_version_arn,
    })
}

fn record(states: &StepFunctions, request: Request) -> Result<MachineRecord, StatesError> {
    let mut constraints = Constraints::default();
    let machine_name = constraints.required("name", request.name);
    let definition = constraints.text("definition", request.definition, 1..=definition::MAX_CHARS);
    let role_arn = constraints.text("roleArn", request.role_arn, 1..=256);
    let kind = constraints.choice(
        "type",
        request.kind.as_deref(),
        &definition::KINDS,
        MachineKind::Standard,
    );
    let tags = request.tags.unwrap_or_default();
    check_tags(&mut constraints, &tags);
    constraints.finish()?;

    name::check(&machine_name)?;
    arn::role(&role_arn)?;
    let logging = request.logging_configuration.unwrap_or_default();
    logging.check()?;
    if let Some(encryption) = &request.encryption_configuration {
        encryption.check()?;
    }
    definition::accept(&definition, kind)?;
    let mut attributes = Attributes {
        logging,
        tracing: request.tracing_configuration.unwrap_or_default(),
        encryption: request.encryption_configuration,
        tags: Vec::new(),
    };
    attributes.tag(tags)?;
    let now = states.account.now();
    Ok(MachineRecord {
        arn: states.account.arn("states", &format!("stateMachine:{machine_name}")),
        name: machine_name,
        kind,
        role_arn,
        definition: definition.into(),
        // AWS shows a revision only after the first update.
        revision_id: String::new(),
        created: now,
        updated: now,
        attributes: attributes.into_value(),
    })
}

/// AWS takes the same name, definition, type and configurations for the same request; role and tags may differ.
fn is_same(existing: &MachineRecord, wanted: &MachineRecord) -> bool {
    let untagged = |record: &MachineRecord| Attributes {
        tags: Vec::new(),
        ..Attributes::of(record)
    };
    existing.definition == wanted.definition && existing.kind == wanted.kind && untagged(existing) == untagged(wanted)
}
