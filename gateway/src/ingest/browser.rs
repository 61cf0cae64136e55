use std::time::Duration;

use sluice_workflows::{Outcome, Submission, SubmissionStatus, Violation};

use super::pages::{self, Form, KEY_FIELD};
use super::respond::TakenIn;
use super::submit::submission;
use super::{EntryList, Ingest, Randomness, Workflow};
use crate::http::{Kind, Parameters, Problem, Request, Response};

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Takes in what a person sent by the form, or by a link with the fields.
    ///
    /// The browser is sent on to the submission's page, so that a reload asks and does not submit. What is refused at once,
    /// or was not taken in, comes back as the form with what was typed.
    pub(super) async fn submit_by_browser(
        &self,
        request: &Request,
        parameters: &Parameters,
        remaining: Duration,
    ) -> Result<Response, Problem> {
        let sent = submission(parameters)?;
        let form_key = parameters.body.get(KEY_FIELD).and_then(serde_json::Value::as_str);
        let form_key = form_key.filter(|key| !key.is_empty());
        match self.take_in(request, &sent, form_key, remaining).await {
            Ok(taken_in) => Ok(self.sent_on(&sent, &taken_in)),
            Err(problem) => match form_after(problem.kind) {
                Some(Key::Same) => Ok(self.form_again(&sent, form_key, &problem)),
                Some(Key::New) => Ok(self.form_again(&sent, None, &problem)),
                None => Err(problem),
            },
        }
    }

    fn sent_on(&self, sent: &Submission, taken_in: &TakenIn) -> Response {
        if let SubmissionStatus::Ended(outcome) = &taken_in.status
            && let Outcome::Rejected { reason, violations, .. } = &**outcome
        {
            let key = self.randomness.uuid();
            let form = Form {
                key: &key,
                sent: Some(sent),
                violations,
                reason: violations.is_empty().then_some(reason),
            };
            return pages::refused(400, &not_stored(violations), &form, Some(&taken_in.id))
                .with("location", taken_in.location());
        }
        let mut response = Response::see_other(&taken_in.location());
        if let Some(applied) = &taken_in.applied {
            response = response.with("preference-applied", applied);
        }
        response
    }

    /// The form with what was typed, after a problem that is none of the fields'.
    fn form_again(&self, sent: &Submission, key: Option<&str>, problem: &Problem) -> Response {
        let fresh = self.randomness.uuid();
        let reason = match problem.kind {
            Kind::KeyInUse => {
                "This form was sent before, with other fields, and that was taken in. Submit once more to send these as a new entry."
            }
            _ => &problem.detail,
        };
        let form = Form {
            key: key.unwrap_or(&fresh),
            sent: Some(sent),
            violations: &[],
            reason: Some(reason),
        };
        let mut response = pages::refused(problem.kind.status(), problem.kind.title(), &form, problem.id());
        response.headers.extend(problem.headers.clone());
        response
    }
}

/// The key of the form that is shown again.
enum Key {
    /// All that is sent again with it is the same submission, should it have been taken in.
    Same,
    /// It belongs to another submission.
    New,
}

/// Tells whether what was typed is worth showing again after a problem, and under which key.
fn form_after(kind: Kind) -> Option<Key> {
    match kind {
        Kind::Unavailable | Kind::Broken => Some(Key::Same),
        Kind::KeyInUse => Some(Key::New),
        _ => None,
    }
}

fn not_stored(violations: &[Violation]) -> String {
    match violations.len() {
        0 => "Nothing was stored".to_owned(),
        1 => "Nothing was stored: please mend 1 thing".to_owned(),
        count => format!("Nothing was stored: please mend {count} things"),
    }
}
