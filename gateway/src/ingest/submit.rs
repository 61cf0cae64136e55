use std::time::Duration;

use sluice_aws::CallErrorKind;
use sluice_workflows::{Field, Submission, SubmissionStatus};
use tokio::time::Instant;

use super::key::idempotency_key;
use super::respond::{TakenIn, response_to_submitter};
use super::wait::Wait;
use super::{EntryList, Ingest, Randomness, Workflow, retry_after};
use crate::http::{Kind, Parameters, Problem, Request, Response};
use crate::retry::{RetryError, RetryPolicy};
use crate::start::{Execution, Input, InputError, Started, start_until};

/// Kept back from Lambda's time for the answer itself.
const SPARE: Duration = Duration::from_millis(500);

/// An attempt that is cut off leaves it open whether the submission was taken in, so it has time enough.
const RETRY: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(1),
    shortest_attempt: Duration::from_secs(2),
};

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Takes a submission in, and answers how it ended if that comes soon.
    pub(super) async fn submit(
        &self,
        request: &Request,
        parameters: &Parameters,
        remaining: Duration,
    ) -> Result<Response, Problem> {
        let sent = submission(parameters)?;
        let taken_in = self.take_in(request, &sent, None, remaining).await?;
        let response = response_to_submitter(&taken_in, retry_after(&self.randomness));
        Ok(match taken_in.applied {
            Some(applied) => response.with("preference-applied", applied),
            None => response,
        })
    }

    /// Takes a submission in, and waits for its end as long as the caller likes. `form_key` is the idempotency key of a form;
    /// the header's comes first.
    pub(super) async fn take_in(
        &self,
        request: &Request,
        sent: &Submission,
        form_key: Option<&str>,
        remaining: Duration,
    ) -> Result<TakenIn, Problem> {
        let began = Instant::now();
        let input = input(sent)?;
        let id = match request.header("idempotency-key").or(form_key) {
            Some(key) => self.ids.of_key(idempotency_key(key)?),
            None => self.ids.random(&self.randomness.uuid()),
        };
        sluice_aws::log_submission(&id);
        let allowed = remaining.saturating_sub(SPARE).max(Duration::from_secs(1));
        let wait = Wait::preferred(request.header("prefer"), &self.settings, allowed);
        let execution = Execution {
            name: &id,
            input: &input,
            name_holds_input: false,
        };
        // Even one that does not want to wait gets the time to be taken in.
        let start_by = began + wait.time.max(self.settings.wait).min(allowed);
        let fraction = || self.randomness.fraction();
        let started = start_until(&self.workflow, execution, &RETRY, start_by, fraction)
            .await
            .map_err(|failed| self.not_started(&id, &failed))?;
        let until = began + wait.time;
        let status = match started {
            Started::Running(started_ms) => self.wait_for_end(&id, started_ms, until).await,
            Started::Before(Some(known)) => known.status,
            Started::Before(None) => SubmissionStatus::Running,
            Started::OtherInput => return Err(key_in_use()),
            Started::Unacceptable(error) => {
                return Err(self.not_started(&id, &RetryError { error, in_doubt: false }));
            }
        };
        tracing::info!(status = status.name(), "submitted");
        Ok(TakenIn {
            id,
            status,
            applied: wait.applied,
        })
    }

    /// The problem for a submission that was not taken in, or not for certain: only then has it an id to ask for.
    fn not_started(&self, id: &str, failed: &RetryError) -> Problem {
        let RetryError { error, in_doubt } = failed;
        tracing::error!(%error, in_doubt, "a submission was not taken in, as far as is known");
        let retryable = |detail: &str| {
            Problem::new(Kind::Unavailable, detail).with_header("retry-after", retry_after(&self.randomness))
        };
        if *in_doubt {
            return retryable(
                "Step Functions did not answer, so it is not certain that this was taken in. Location says where to ask; if it \
                 does not come to an end there, it was not. Sent again with its Idempotency-Key, it is not taken in twice.",
            )
            .with_member("id", id)
            .with_header("location", format!("/submissions/{id}"));
        }
        match error.kind {
            CallErrorKind::Throttled | CallErrorKind::Unreachable => {
                retryable("There are too many submissions at the moment. Nothing was taken in; send it again.")
            }
            CallErrorKind::Refused => Problem::new(
                Kind::Broken,
                "Step Functions refuses submissions. Nothing was taken in; the log says why.",
            ),
        }
    }
}

fn key_in_use() -> Problem {
    Problem::new(
        Kind::KeyInUse,
        "This Idempotency-Key was used for a submission with other fields. Use a new key for a new submission.",
    )
}

/// The execution's input.
fn input(sent: &Submission) -> Result<Input, Problem> {
    Input::of(sent).map_err(|error| {
        let kind = match error {
            InputError::Json(_) => Kind::BadRequest,
            InputError::TooLarge(_) => Kind::ContentTooLarge,
        };
        Problem::new(kind, capitalised(&error.to_string()))
    })
}

/// A sentence of an error's text.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}.", first.into_iter().collect::<String>(), characters.as_str())
}

/// The fields of a request: each from its query string or its body, not from both.
pub(super) fn submission(parameters: &Parameters) -> Result<Submission, Problem> {
    let mut submission = Submission::default();
    for field in Field::ALL {
        for source in [&parameters.query, &parameters.body] {
            let Some(value) = source.get(field.as_str()) else {
                continue;
            };
            if submission.set(field, value.clone()).is_some() {
                let detail = format!("The field {field} is given both in the query string and in the body.");
                return Err(Problem::new(Kind::BadRequest, detail));
            }
        }
    }
    Ok(submission)
}
