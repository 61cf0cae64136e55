//! [CreateActivity](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateActivity.html)

use serde::{Deserialize, Serialize};
use serde_json::json;
use sluice_driver::ACTIVITY_KIND;
use sluice_wire::{Constraints, epoch_seconds};

use crate::activity::{self, Activity};
use crate::attributes::{Attributes, EncryptionConfiguration, Tag, check_tags};
use crate::{StatesError, StepFunctions, name};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    name: Option<String>,
    encryption_configuration: Option<EncryptionConfiguration>,
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    activity_arn: String,
    creation_date: f64,
}

/// The same name again answers the activity that is there; its tags stay as they are.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let activity_name = constraints.required("name", request.name);
    let tags = request.tags.unwrap_or_default();
    check_tags(&mut constraints, &tags);
    constraints.finish()?;
    name::check(&activity_name)?;
    if let Some(encryption) = &request.encryption_configuration {
        encryption.check()?;
    }
    let mut attributes = Attributes::default();
    attributes.tag(tags)?;
    let arn = states.account.arn("states", &format!("activity:{activity_name}"));
    let wanted = Activity {
        name: activity_name,
        created: states.account.now(),
        encryption: request.encryption_configuration,
        tags: attributes.tags,
    };
    let created = if states
        .driver
        .store()
        .put_if_absent(ACTIVITY_KIND, &arn, json!(wanted))
        .await?
    {
        wanted.created
    } else {
        match activity::find(states, &arn).await? {
            Some(existing) if existing.encryption != wanted.encryption => {
                return Err(StatesError::ActivityAlreadyExists(arn));
            }
            Some(existing) => existing.created,
            // Deleted in the meantime: then this call came first.
            None => wanted.created,
        }
    };
    Ok(Response {
        activity_arn: arn,
        creation_date: epoch_seconds(created),
    })
}
