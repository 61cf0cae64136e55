//! [DescribeStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::MachineRecord;

use super::attributes::Attributes;
use super::{StatesError, arn};
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
    included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    Ok(shown(&machine(services, &machine_arn).await?))
}

/// `includedData`: whether inputs, outputs and definitions are shown. Nothing is encrypted here, so definitions always are.
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

fn shown(record: &MachineRecord) -> Value {
    let attributes = Attributes::of(record);
    let mut shown = json!({
        "stateMachineArn": record.arn,
        "name": record.name,
        "status": "ACTIVE",
        "definition": record.definition,
        "roleArn": record.role_arn,
        "type": record.kind.as_str(),
        "creationDate": epoch_seconds(record.created),
        "loggingConfiguration": attributes.logging.shown(),
        "tracingConfiguration": attributes.tracing.shown(),
    });
    if !record.revision_id.is_empty() {
        shown["revisionId"] = json!(record.revision_id);
    }
    if let Some(encryption) = attributes.encryption {
        shown["encryptionConfiguration"] = encryption;
    }
    shown
}
