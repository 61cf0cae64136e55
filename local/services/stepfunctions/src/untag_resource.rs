//! [UntagResource](https://docs.aws.amazon.com/step-functions/latest/apireference/API_UntagResource.html)

use serde::Deserialize;
use sluice_wire::Constraints;

use crate::attributes::Attributes;
use crate::empty::Empty;
use crate::lookup::tagged_machine;
use crate::{StatesError, StepFunctions, activity, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let resource_arn = constraints.text("resourceArn", request.resource_arn, 1..=256);
    let keys = constraints.required("tagKeys", request.tag_keys);
    constraints.finish()?;
    if arn::is_activity(&resource_arn) {
        let untag = |known: &mut Attributes| {
            known.untag(&keys);
            Ok(())
        };
        activity::change_tags(states, &resource_arn, untag).await?;
        return Ok(Empty {});
    }
    let mut machine = tagged_machine(states, &resource_arn).await?;
    let mut attributes = Attributes::of(&machine);
    attributes.untag(&keys);
    machine.attributes = attributes.into_value();
    states.driver.machines().put(machine, false).await?;
    Ok(Empty {})
}
