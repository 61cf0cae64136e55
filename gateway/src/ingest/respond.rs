use serde_json::{Value, json};
use sluice_workflows::{Outcome, SubmissionStatus};

use crate::http::{Kind, Problem, Representation, Response};

/// A submission that was taken in.
pub(super) struct TakenIn {
    pub(super) id: String,
    /// Its status when the time to wait was over.
    pub(super) status: SubmissionStatus,
    /// The words for how long was waited, if the caller said (`Preference-Applied`).
    pub(super) applied: Option<String>,
}

impl TakenIn {
    /// Its address.
    pub(super) fn location(&self) -> String {
        format!("/submissions/{}", self.id)
    }
}

/// The JSON object: `id`, `status`, and what the outcome says to submitters.
fn json_of(status: &SubmissionStatus, id: &str) -> Value {
    let mut body = json!({"id": id, "status": status.name()});
    if let (SubmissionStatus::Ended(outcome), Some(members)) = (status, body.as_object_mut()) {
        match &**outcome {
            Outcome::Ingested { entry, .. } | Outcome::Approved { entry, .. } => {
                members.insert("entry".to_owned(), json!(entry.clone().public()));
            }
            Outcome::Rejected { reason, violations, .. } | Outcome::Expired { reason, violations, .. } => {
                members.insert("reason".to_owned(), json!(reason));
                members.insert("violations".to_owned(), json!(violations));
            }
        }
    }
    body
}

/// The response to a program that submitted; `retry_after` is when to ask again if it is not over.
pub(super) fn response_to_submitter(taken_in: &TakenIn, retry_after: String) -> Response {
    let TakenIn { id, status, .. } = taken_in;
    let representation = Representation::Json;
    let response = match status {
        SubmissionStatus::Running => json_response(status, 202, id).with("retry-after", retry_after),
        SubmissionStatus::WaitingForApproval => json_response(status, 202, id),
        SubmissionStatus::Failed => Problem::new(
            Kind::Failed,
            "The submission was taken in, but the workflow broke before its end. Its operators see that it did.",
        )
        .with_member("id", id.as_str())
        .response(representation),
        SubmissionStatus::Ended(outcome) => match &**outcome {
            Outcome::Ingested { .. } | Outcome::Approved { .. } => json_response(status, 201, id),
            Outcome::Rejected { reason, violations, .. } => Problem::new(Kind::Rejected, reason)
                .with_member("id", id.as_str())
                .with_member("violations", serde_json::to_value(violations).unwrap_or_default())
                .response(representation),
            Outcome::Expired { reason, violations, .. } => Problem::new(Kind::Expired, reason)
                .with_member("id", id.as_str())
                .with_member("violations", serde_json::to_value(violations).unwrap_or_default())
                .response(representation),
        },
    };
    response.with("location", taken_in.location())
}

/// A status as JSON.
pub(super) fn json_response(status: &SubmissionStatus, code: u16, id: &str) -> Response {
    Response::json(code, &json_of(status, id))
}
