//! Activities: what workers outside of this process do. Kept in the driver's store, by ARN.
//! See [activities](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_clock::Timestamp;
use sluice_driver::ACTIVITY_KIND;
use sluice_wire::epoch_seconds;

use crate::attributes::{Attributes, EncryptionConfiguration, Tag};
use crate::{StatesError, StepFunctions};

/// An activity as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Activity {
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<EncryptionConfiguration>,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
}

/// `ActivityListItem`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityListItem {
    activity_arn: String,
    name: String,
    creation_date: f64,
}

impl Activity {
    /// Reads a row of the store. None: a release that knows more has written it.
    pub(crate) fn of(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }

    /// The item of a list.
    pub(crate) fn list_item(&self, arn: &str) -> ActivityListItem {
        ActivityListItem {
            activity_arn: arn.to_owned(),
            name: self.name.clone(),
            creation_date: epoch_seconds(self.created),
        }
    }
}

/// The activity with this ARN.
///
/// # Errors
/// When the journal fails.
pub(crate) async fn find(states: &StepFunctions, arn: &str) -> Result<Option<Activity>, StatesError> {
    Ok(states
        .driver
        .store()
        .get(ACTIVITY_KIND, arn)
        .await?
        .and_then(Activity::of))
}

/// The activity with this ARN, whose tags are meant.
///
/// # Errors
/// `ResourceNotFound`.
pub(crate) async fn tagged(states: &StepFunctions, arn: &str) -> Result<Activity, StatesError> {
    let found = find(states, arn).await?;
    found.ok_or_else(|| StatesError::ResourceNotFound(arn.to_owned()))
}

/// Changes the tags of an activity.
///
/// # Errors
/// `ResourceNotFound`, and those of the change.
pub(crate) async fn change_tags(
    states: &StepFunctions,
    arn: &str,
    change: impl FnOnce(&mut Attributes) -> Result<(), StatesError>,
) -> Result<(), StatesError> {
    let activity = tagged(states, arn).await?;
    let mut attributes = Attributes {
        tags: activity.tags.clone(),
        ..Attributes::default()
    };
    change(&mut attributes)?;
    let changed = Activity {
        tags: attributes.tags,
        ..activity
    };
    states.driver.store().put(ACTIVITY_KIND, arn, json!(changed)).await?;
    Ok(())
}
