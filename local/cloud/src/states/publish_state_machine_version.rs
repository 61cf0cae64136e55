//! [PublishStateMachineVersion](https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::describe_state_machine::machine;
use super::error::INITIAL_REVISION;
use super::publish::MAX_DESCRIPTION;
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    revision_id: Option<String>,
    description: Option<String>,
}

/// A revision that has a version is not published again: the answer is that version.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    let description = constraints.optional_text("description", request.description, 0..=MAX_DESCRIPTION);
    constraints.finish()?;
    let record = machine(services, &machine_arn).await?;
    let revision_id = request.revision_id.map(|id| match id.as_str() {
        INITIAL_REVISION => String::new(),
        _ => id,
    });
    let published = services
        .driver
        .publish_version(&record.arn, revision_id, description)
        .await?;
    Ok(json!({
        "stateMachineVersionArn": format!("{}:{}", record.arn, published.number),
        "creationDate": epoch_seconds(published.created),
    }))
}
