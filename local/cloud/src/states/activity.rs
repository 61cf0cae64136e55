//! Activities: what workers outside of this process do. Kept in the driver's store, by ARN.
//! See [activities](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_driver::ACTIVITIES;
use sluice_engine::Timestamp;

use super::StatesError;
use super::attributes::{Attributes, EncryptionConfiguration, Tag};
use crate::endpoint::{Services, epoch_seconds};

/// An activity as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Activity {
    pub(super) name: String,
    /// Milliseconds since 1970.
    pub(super) created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<EncryptionConfiguration>,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
}

impl Activity {
    /// What a row of the store holds. None: a release that knows more has written it.
    pub(super) fn of(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }

    /// The entry of a list.
    pub(super) fn shown(&self, arn: &str) -> Value {
        json!({ "activityArn": arn, "name": self.name, "creationDate": epoch_seconds(self.created) })
    }
}

/// The activity with this ARN.
///
/// # Errors
/// When the journal fails.
pub(super) async fn find(services: &Services, arn: &str) -> Result<Option<Activity>, StatesError> {
    Ok(services.driver.get(ACTIVITIES, arn).await?.and_then(Activity::of))
}

/// The activity with this ARN, whose tags are meant.
///
/// # Errors
/// `ResourceNotFound`.
async fn tagged(services: &Services, arn: &str) -> Result<Activity, StatesError> {
    find(services, arn)
        .await?
        .ok_or_else(|| StatesError::ResourceNotFound(arn.to_owned()))
}

/// ListTagsForResource of an activity.
pub(super) async fn list_tags(services: &Services, arn: &str) -> Result<Value, StatesError> {
    Ok(json!({ "tags": tagged(services, arn).await?.tags }))
}

/// TagResource and UntagResource of an activity.
pub(super) async fn change_tags(
    services: &Services,
    arn: &str,
    change: impl FnOnce(&mut Attributes) -> Result<(), StatesError>,
) -> Result<Value, StatesError> {
    let activity = tagged(services, arn).await?;
    let mut attributes = Attributes {
        tags: activity.tags.clone(),
        ..Attributes::default()
    };
    change(&mut attributes)?;
    let changed = Activity {
        tags: attributes.tags,
        ..activity
    };
    services.driver.put(ACTIVITIES, arn, json!(changed)).await?;
    Ok(json!({}))
}
