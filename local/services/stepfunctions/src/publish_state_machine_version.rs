//! [PublishStateMachineVersion](https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html)

use serde::{Deserialize, Serialize};
use sluice_driver::PublishVersion;
use sluice_wire::{Constraints, epoch_seconds};

use crate::error::INITIAL_REVISION;
use crate::lookup::machine;
use crate::publish::MAX_DESCRIPTION;
use crate::{StatesError, StepFunctions};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_arn: Option<String>,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machine_version_arn: String,
    creation_date: f64,
}

/// A revision that has a version is not published again: the answer is that version.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    let description = constraints.optional_text("description", request.description, 0..=MAX_DESCRIPTION);
    constraints.finish()?;
    let record = machine(states, &machine_arn).await?;
    let revision_id = request.revision_id.map(|id| match id.as_str() {
        INITIAL_REVISION => String::new(),
        _ => id,
    });
    let published = states
        .driver
        .versions()
        .publish(PublishVersion {
            machine_arn: record.arn.clone(),
            revision_id,
            description,
        })
        .await?;
    Ok(Response {
        state_machine_version_arn: format!("{}:{}", record.arn, published.number),
        creation_date: epoch_seconds(published.created),
    })
}
