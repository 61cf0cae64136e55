//! [ListTagsForResource](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListTagsForResource.html)

use serde::{Deserialize, Serialize};
use sluice_wire::Constraints;

use crate::attributes::{Attributes, Tag};
use crate::{StatesError, StepFunctions, activity, arn, lookup};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    resource_arn: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Response {
    tags: Vec<Tag>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let resource_arn = constraints.text("resourceArn", request.resource_arn, 1..=256);
    constraints.finish()?;
    let tags = if arn::is_activity(&resource_arn) {
        activity::tagged(states, &resource_arn).await?.tags
    } else {
        Attributes::of(&lookup::tagged_machine(states, &resource_arn).await?).tags
    };
    Ok(Response { tags })
}
