use sluice_workflows::Outcome;

use super::status::SubmissionStatus;
use super::{EntryList, Ingest, Randomness, Workflow, pages};
use crate::http::{Kind, Problem, Representation, Response};

/// The response to whoever submitted.
pub(super) fn response_to_submitter(status: &SubmissionStatus, id: &str, representation: Representation) -> Response {
    let response = match status {
        SubmissionStatus::Running => response_of(status, 202, id, representation, false).with("retry-after", "1"),
        SubmissionStatus::WaitingForApproval => response_of(status, 202, id, representation, false),
        SubmissionStatus::Failed => Problem::new(
            Kind::Failed,
            "The submission was taken in, but the workflow broke before its end. Its operators see that it did.",
        )
        .with_member("id", id)
        .response(representation),
        SubmissionStatus::Ended(outcome) => match &**outcome {
            Outcome::Ingested { .. } | Outcome::Approved { .. } => response_of(status, 201, id, representation, false),
            Outcome::Rejected { reason, violations, .. } => Problem::new(Kind::Rejected, reason)
                .with_member("id", id)
                .with_member("violations", serde_json::to_value(violations).unwrap_or_default())
                .response(representation),
            Outcome::Expired { reason, violations, .. } => Problem::new(Kind::Expired, reason)
                .with_member("id", id)
                .with_member("violations", serde_json::to_value(violations).unwrap_or_default())
                .response(representation),
        },
    };
    response.with("location", format!("/submissions/{id}"))
}

/// The response to whoever asks: it always is one. `is_own`: under the submission's own address.
pub(super) fn response_of(
    status: &SubmissionStatus,
    code: u16,
    id: &str,
    representation: Representation,
    is_own: bool,
) -> Response {
    match representation {
        Representation::Json => Response::json(code, &status.json(id)),
        Representation::Html => pages::status(code, id, status, is_own),
    }
}

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Answers the status of the submission `id`.
    pub(super) async fn status(&self, representation: Representation, id: &str) -> Result<Response, Problem> {
        let Some(description) = self.workflow.describe(id).await.map_err(|error| self.failed(&error))? else {
            return Err(Problem::new(Kind::NotFound, "There is no submission with this id."));
        };
        let status = match description.ending {
            Some(ending) => ending.into(),
            None => match self
                .workflow
                .newest_event(id)
                .await
                .map_err(|error| self.failed(&error))?
            {
                Some(newest) => newest.progress.into(),
                None => SubmissionStatus::Running,
            },
        };
        Ok(response_of(&status, 200, id, representation, true))
    }
}
