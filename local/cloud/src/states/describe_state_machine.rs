//! [DescribeStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::{MachineRecord, Qualifier, VersionRecord};

use super::attributes::Attributes;
use super::{StatesError, arn, definition};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    included_data: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=2000);
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    match arn::qualified(&machine_arn)? {
        (own, Some(Qualifier::Version(number))) => {
            let version = services.driver.version(&own, number).await?;
            let version = version.ok_or(StatesError::StateMachineDoesNotExist(machine_arn))?;
            shown_version(version, included).await
        }
        // An alias is no state machine: DescribeStateMachineAlias tells about it.
        (_, Some(Qualifier::Alias(_)) | None) => shown(&machine(services, &machine_arn).await?, included).await,
    }
}

/// A version is described as the state machine that it was.
async fn shown_version(version: VersionRecord, included: bool) -> Result<Value, StatesError> {
    let mut shown = shown(&version.machine, included).await?;
    shown["stateMachineArn"] = json!(format!("{}:{}", version.machine.arn, version.number));
    shown["creationDate"] = json!(epoch_seconds(version.created));
    if let Some(description) = version.description {
        shown["description"] = json!(description);
    }
    Ok(shown)
}

/// `includedData`: whether inputs, outputs and definitions are shown.
pub(super) fn included_data(constraints: &mut Constraints, value: Option<&str>) -> bool {
    constraints.choice(
        "includedData",
        value,
        &[("ALL_DATA", true), ("METADATA_ONLY", false)],
        true,
    )
}

/// The machine that an ARN names.
///
/// # Errors
/// `InvalidArn`, or `StateMachineDoesNotExist`, which is also the answer to a version or an alias.
pub(super) async fn machine(services: &Services, machine_arn: &str) -> Result<MachineRecord, StatesError> {
    arn::state_machine(machine_arn)?;
    services
        .driver
        .machine(machine_arn)
        .await?
        .ok_or_else(|| StatesError::StateMachineDoesNotExist(machine_arn.to_owned()))
}

async fn shown(record: &MachineRecord, included: bool) -> Result<Value, StatesError> {
    let attributes = Attributes::of(record);
    let mut shown = json!({
        "stateMachineArn": record.arn,
        "name": record.name,
        "status": "ACTIVE",
        "roleArn": record.role_arn,
        "type": record.kind.as_str(),
        "creationDate": epoch_seconds(record.created),
        "loggingConfiguration": attributes.logging.shown(),
        "tracingConfiguration": attributes.tracing.shown(),
        "encryptionConfiguration": attributes.shown_encryption(),
    });
    if !record.revision_id.is_empty() {
        shown["revisionId"] = json!(record.revision_id);
    }
    definition::describe(&mut shown, record.definition.clone(), included).await?;
    Ok(shown)
}
