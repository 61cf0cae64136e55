//! `publish` and `versionDescription` of CreateStateMachine and UpdateStateMachine.

use sluice_driver::{MachineRecord, PublishVersion};
use sluice_wire::ApiError;

use crate::{StatesError, StepFunctions};

/// The most characters of a version's or an alias's description.
pub(crate) const MAX_DESCRIPTION: usize = 256;

/// The wish to publish what is kept.
#[derive(Debug)]
pub(crate) enum Publish {
    /// Only kept.
    No,
    /// As a version with this description.
    Version { description: Option<String> },
}

impl Publish {
    /// Reads the two members.
    ///
    /// # Errors
    /// `ValidationException` for a description without `publish`, or one that is too long.
    pub(crate) fn of(publish: Option<bool>, description: Option<String>) -> Result<Self, ApiError> {
        let mut constraints = sluice_wire::Constraints::default();
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

    /// Publishes this very revision of the machine, if that is wished for; the version's ARN then.
    pub(crate) async fn carry_out(
        self,
        states: &StepFunctions,
        record: &MachineRecord,
    ) -> Result<Option<String>, StatesError> {
        let Self::Version { description } = self else {
            return Ok(None);
        };
        let revision_id = Some(record.revision_id.clone());
        let published = states
            .driver
            .versions()
            .publish(PublishVersion {
                machine_arn: record.arn.clone(),
                revision_id,
                description,
            })
            .await?;
        Ok(Some(format!("{}:{}", record.arn, published.number)))
    }
}
