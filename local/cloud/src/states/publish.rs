//! `publish` and `versionDescription` of CreateStateMachine and UpdateStateMachine.

use serde_json::{Value, json};
use sluice_driver::MachineRecord;

use super::StatesError;
use crate::endpoint::{ApiError, Services};

/// The most characters of a version's or an alias's description.
pub(super) const MAX_DESCRIPTION: usize = 256;

/// Whether what is kept is to be published as well.
#[derive(Debug)]
pub(super) enum Publish {
    /// Only kept.
    No,
    /// As a version with this description.
    Version { description: Option<String> },
}

impl Publish {
    /// # Errors
    /// `ValidationException` for a description without `publish`, or one that is too long.
    pub(super) fn of(publish: Option<bool>, description: Option<String>) -> Result<Self, ApiError> {
        let mut constraints = crate::endpoint::Constraints::default();
        let description = constraints.optional_text("versionDescription", description, 0..=MAX_DESCRIPTION);
        constraints.finish()?;
        match (publish.unwrap_or(false), description) {
            (true, description) => Ok(Self::Version { description }),
            (false, None) => Ok(Self::No),
            (false, Some(_)) => Err(ApiError::validation(
                "Version description can only be set when publish is true",
            )),
        }
    }

    /// Publishes this very revision of the machine and adds the version's ARN to the answer.
    pub(super) async fn carry_out(
        self,
        services: &Services,
        record: &MachineRecord,
        answer: &mut Value,
    ) -> Result<(), StatesError> {
        let Self::Version { description } = self else {
            return Ok(());
        };
        let revision_id = Some(record.revision_id.clone());
        let published = services
            .driver
            .publish_version(&record.arn, revision_id, description)
            .await?;
        answer["stateMachineVersionArn"] = json!(format!("{}:{}", record.arn, published.number));
        Ok(())
    }
}
