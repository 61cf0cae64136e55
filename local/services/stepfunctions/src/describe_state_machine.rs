//! [DescribeStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{MachineRecord, Qualifier, VersionRecord};
use sluice_wire::{Constraints, epoch_seconds};

use crate::attributes::{Attributes, EncryptionConfiguration, LoggingConfiguration, TracingConfiguration};
use crate::definition::DescribedDefinition;
use crate::included_data::included_data;
use crate::{StatesError, StepFunctions, arn, lookup};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machine_arn: String,
    name: String,
    status: &'static str,
    role_arn: String,
    #[serde(rename = "type")]
    kind: &'static str,
    creation_date: f64,
    logging_configuration: LoggingConfiguration,
    tracing_configuration: TracingConfiguration,
    encryption_configuration: EncryptionConfiguration,
    #[serde(skip_serializing_if = "String::is_empty")]
    revision_id: String,
    #[serde(flatten)]
    definition: DescribedDefinition,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=2000);
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    match arn::qualified(&machine_arn)? {
        (own, Some(Qualifier::Version(number))) => {
            let version = states.driver.versions().get(&own, number).await?;
            let version = version.ok_or(StatesError::StateMachineDoesNotExist(machine_arn))?;
            describe_version(version, included).await
        }
        // An alias is no state machine: DescribeStateMachineAlias tells about it.
        (_, Some(Qualifier::Alias(_)) | None) => describe(lookup::machine(states, &machine_arn).await?, included).await,
    }
}

/// A version is described as the state machine that it was.
async fn describe_version(version: VersionRecord, included: bool) -> Result<Response, StatesError> {
    let state_machine_arn = format!("{}:{}", version.machine.arn, version.number);
    Ok(Response {
        state_machine_arn,
        creation_date: epoch_seconds(version.created),
        description: version.description,
        ..describe(version.machine, included).await?
    })
}

async fn describe(record: MachineRecord, included: bool) -> Result<Response, StatesError> {
    let attributes = Attributes::of(&record);
    Ok(Response {
        definition: DescribedDefinition::of(record.definition, included).await?,
        state_machine_arn: record.arn,
        name: record.name,
        status: "ACTIVE",
        role_arn: record.role_arn,
        kind: record.kind.as_str(),
        creation_date: epoch_seconds(record.created),
        logging_configuration: attributes.logging.effective(),
        tracing_configuration: attributes.tracing,
        encryption_configuration: EncryptionConfiguration::effective(attributes.encryption),
        revision_id: record.revision_id,
        description: None,
    })
}
