//! [TagResource](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TagResource.html)

use serde::Deserialize;
use sluice_wire::Constraints;

use crate::attributes::{Attributes, Tag, check_tags};
use crate::empty::Empty;
use crate::lookup::tagged_machine;
use crate::{StatesError, StepFunctions, activity, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    resource_arn: Option<String>,
    tags: Option<Vec<Tag>>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let resource_arn = constraints.text("resourceArn", request.resource_arn, 1..=256);
    let tags = constraints.required("tags", request.tags);
    check_tags(&mut constraints, &tags);
    constraints.finish()?;
    if arn::is_activity(&resource_arn) {
        activity::change_tags(states, &resource_arn, |known| known.tag(tags)).await?;
        return Ok(Empty {});
    }
    let mut machine = tagged_machine(states, &resource_arn).await?;
    let mut attributes = Attributes::of(&machine);
    attributes.tag(tags)?;
    machine.attributes = attributes.into_value();
    states.driver.machines().put(machine, false).await?;
    Ok(Empty {})
}
