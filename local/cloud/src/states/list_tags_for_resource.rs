//! [ListTagsForResource](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListTagsForResource.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::MachineRecord;

use super::attributes::Attributes;
use super::{StatesError, activity, arn};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    resource_arn: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let resource_arn = constraints.text("resourceArn", request.resource_arn, 1..=256);
    constraints.finish()?;
    if arn::is_activity(&resource_arn) {
        return activity::list_tags(services, &resource_arn).await;
    }
    let machine = tagged(services, &resource_arn).await?;
    Ok(json!({ "tags": Attributes::of(&machine).tags }))
}

/// The state machine whose tags an ARN means. Versions and aliases have none.
///
/// # Errors
/// `InvalidArn` or `ResourceNotFound`.
pub(super) async fn tagged(services: &Services, resource_arn: &str) -> Result<MachineRecord, StatesError> {
    arn::taggable(resource_arn)?;
    let found = services.driver.machine(resource_arn).await?;
    found.ok_or_else(|| StatesError::ResourceNotFound(resource_arn.to_owned()))
}
