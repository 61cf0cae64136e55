//! [TagResource](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TagResource.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{Attributes, Tag, check_tags};
use super::list_tags_for_resource::tagged;
use super::{StatesError, activity, arn};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    resource_arn: Option<String>,
    tags: Option<Vec<Tag>>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let resource_arn = constraints.text("resourceArn", request.resource_arn, 1..=256);
    let tags = constraints.required("tags", request.tags);
    check_tags(&mut constraints, &tags);
    constraints.finish()?;
    if arn::is_activity(&resource_arn) {
        return activity::change_tags(services, &resource_arn, |known| known.tag(tags)).await;
    }
    let mut machine = tagged(services, &resource_arn).await?;
    let mut attributes = Attributes::of(&machine);
    attributes.tag(tags)?;
    machine.attributes = attributes.into_value();
    services.driver.put_machine(machine, false).await?;
    Ok(json!({}))
}
