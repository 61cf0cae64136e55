use serde_json::{Value, json};
use sluice_workflows::{Outcome, SubmissionStatus};

use super::pages;
use crate::http::{Kind, Problem, Representation, Response};

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

/// The response to whoever submitted; `retry_after` is when to ask again if it is not over.
pub(super) fn response_to_submitter(
    status: &SubmissionStatus,
    id: &str,
    representation: Representation,
    retry_after: String,
) -> Response {
    let response = match status {
        SubmissionStatus::Running => {
            response_of(status, 202, id, representation, false).with("retry-after", retry_after)
        }
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
        Representation::Json => Response::json(code, &json_of(status, id)),
        Representation::Html => pages::status(code, id, status, is_own),
    }
}
