//! [CreateActivity](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateActivity.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::ACTIVITIES;

use super::activity::{self, Activity};
use super::attributes::{Attributes, EncryptionConfiguration, Tag, check_tags};
use super::{StatesError, name};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    name: Option<String>,
    encryption_configuration: Option<EncryptionConfiguration>,
    tags: Option<Vec<Tag>>,
}

/// The same name again answers the activity that is there; its tags stay as they are.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
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
    let arn = services.config.arn("states", &format!("activity:{activity_name}"));
    let wanted = Activity {
        name: activity_name,
        created: services.config.now(),
        encryption: request.encryption_configuration,
        tags: attributes.tags,
    };
    let created = if services.driver.put_if_absent(ACTIVITIES, &arn, json!(wanted)).await? {
        wanted.created
    } else {
        match activity::find(services, &arn).await? {
            Some(existing) if existing.encryption != wanted.encryption => {
                return Err(StatesError::ActivityAlreadyExists(arn));
            }
            Some(existing) => existing.created,
            // Deleted in the meantime: then this call came first.
            None => wanted.created,
        }
    };
    Ok(json!({ "activityArn": arn, "creationDate": epoch_seconds(created) }))
}
