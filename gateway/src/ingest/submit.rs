use std::time::Duration;

use sha2::{Digest, Sha256};
use sluice_aws::{CallError, CallErrorKind, NewestEvent, Progress, StartError};
use sluice_workflows::{Field, Submission};
use tokio::time::{Instant, sleep, timeout_at};

use super::standing::Standing;
use super::{Chance, EntryList, Ingest, LONGEST_WAIT, Pace, Workflow, retry_after};
use crate::execution::{INPUT_LIMIT, is_same_json};
use crate::http::{Answer, Event, Kind, Parameters, Preferences, Problem, Representation};

/// The longest idempotency key that is taken, in bytes.
const KEY_LIMIT: usize = 255;

/// Kept back from Lambda's time for the answer itself.
const SPARE: Duration = Duration::from_millis(500);

/// An attempt to start is given this long at least, however little time is left: one that is cut off leaves it open
/// whether it was taken in.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(2);

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(1);

/// How long to wait for the end, and what to say about it.
struct Patience {
    wait: Duration,
    applied: Option<String>,
}

/// What starting came to.
enum Begun {
    /// It runs, since this moment (milliseconds since 1970), or did and we cannot tell the end from here.
    Running(i64),
    /// It was started before, and is over.
    Over(Standing),
}

impl<W: Workflow, E: EntryList, C: Chance> Ingest<W, E, C> {
    /// Takes a submission in, and answers how it ended if that comes soon.
    pub(super) async fn submit(
        &self,
        event: &Event,
        parameters: &Parameters,
        form: Representation,
        remaining: Duration,
    ) -> Result<Answer, Problem> {
        let began = Instant::now();
        let submission = submission(parameters)?;
        let input = serde_json::to_string(&submission).map_err(|error| {
            Problem::new(
                Kind::BadRequest,
                format!("The fields cannot be written as JSON: {error}."),
            )
        })?;
        if input.len() > INPUT_LIMIT {
            let detail = format!(
                "The fields take {} bytes as JSON; at most {INPUT_LIMIT} are taken in.",
                input.len()
            );
            return Err(Problem::new(Kind::ContentTooLarge, detail));
        }
        let id = match event.header("idempotency-key") {
            Some(key) => execution_name(key)?,
            None => self.chance.submission_id(),
        };
        let allowed = remaining.saturating_sub(SPARE).max(Duration::from_secs(1));
        let patience = self.patience(event, allowed);
        let start_until = began + patience.wait.max(self.settings.wait).min(allowed);
        let standing = match self.begin(&id, &input, start_until).await? {
            Begun::Over(standing) => standing,
            Begun::Running(started_ms) => self.wait_for_end(&id, started_ms, began + patience.wait).await,
        };
        tracing::info!(submission = id, status = standing.name(), "submitted");
        let answer = standing.answer_submitter(&id, form);
        Ok(match patience.applied {
            Some(applied) => answer.with("preference-applied", applied),
            None => answer,
        })
    }

    fn patience(&self, event: &Event, allowed: Duration) -> Patience {
        let preferences = Preferences::parse(event.header("prefer"));
        let longest = allowed.min(LONGEST_WAIT);
        match (preferences.wait, preferences.respond_async) {
            (Some(seconds), _) => {
                let wait = Duration::from_secs(seconds.into()).min(longest);
                Patience {
                    wait,
                    applied: Some(format!("wait={}", wait.as_secs())),
                }
            }
            (None, true) => Patience {
                wait: Duration::ZERO,
                applied: Some("respond-async".to_owned()),
            },
            (None, false) => Patience {
                wait: self.settings.wait.min(longest),
                applied: None,
            },
        }
    }

    /// Starts the execution, again and again until `until` if Step Functions is too busy. The name makes that safe:
    /// one that was started without our hearing of it is found, not doubled.
    async fn begin(&self, id: &str, input: &str, until: Instant) -> Result<Begun, Problem> {
        let mut pause = FIRST_RETRY;
        // From the first attempt without an answer on it may have been started, whatever later ones come to.
        let mut unheard = false;
        loop {
            let ends = until.max(Instant::now() + SHORTEST_ATTEMPT);
            let error = match timeout_at(ends, self.attempt(id, input)).await {
                Ok(Ok(begun)) => return begun,
                Ok(Err(error)) => error,
                Err(_) => unanswered("states:StartExecution", "no answer came in time"),
            };
            unheard |= error.kind == CallErrorKind::Unreachable;
            let nap = pause.mul_f64(0.5 + self.chance.fraction() / 2.0);
            if !error.is_passing() || Instant::now() + nap >= until {
                return Err(self.not_begun(id, &error, unheard));
            }
            sleep(nap).await;
            pause = (pause * 2).min(LONGEST_RETRY);
        }
    }

    async fn attempt(&self, id: &str, input: &str) -> Result<Result<Begun, Problem>, CallError> {
        match self.workflow.start(id, input).await {
            Ok(started_ms) => Ok(Ok(Begun::Running(started_ms))),
            Err(StartError::NameTaken) => self.begun_before(id, input).await,
            Err(StartError::Unacceptable(error) | StartError::Call(error)) => Err(error),
        }
    }

    /// The answer to a submission that was not taken in, or not for certain: only then has it an id to ask for.
    fn not_begun(&self, id: &str, error: &CallError, unheard: bool) -> Problem {
        tracing::error!(%error, submission = id, unheard, "a submission was not taken in, as far as is known");
        let passing = |detail: &str| {
            Problem::new(Kind::Unavailable, detail).with_header("retry-after", retry_after(&self.chance))
        };
        if unheard {
            return passing(
                "The workflow does not answer, so it is not certain that this was taken in. Location says where to ask in \
                 some seconds; 404 there means that it was not. Sent again with its Idempotency-Key, it is not taken in \
                 twice.",
            )
            .with_member("id", id)
            .with_header("location", format!("/submissions/{id}"));
        }
        match error.kind {
            CallErrorKind::Throttled | CallErrorKind::Unreachable => {
                passing("There are too many submissions at the moment. Nothing was taken in; send it again.")
            }
            CallErrorKind::Refused => Problem::new(
                Kind::Broken,
                "The workflow refuses submissions. Nothing was taken in; the log says why.",
            ),
        }
    }

    /// The name is taken: by the same submission, or by another.
    async fn begun_before(&self, id: &str, input: &str) -> Result<Result<Begun, Problem>, CallError> {
        let Some(description) = self.workflow.describe(id).await? else {
            // Closed long ago and just forgotten, or not yet to be seen: the next attempt will tell.
            return Err(unanswered(
                "states:DescribeExecution",
                "the execution exists and cannot be seen",
            ));
        };
        if !is_same_json(&description.input, input) {
            let detail =
                "This Idempotency-Key was used for a submission with other fields. Use a new key for a new submission.";
            return Ok(Err(Problem::new(Kind::KeyInUse, detail)));
        }
        Ok(Ok(match description.ending {
            Some(ending) => Begun::Over(ending.into()),
            None => Begun::Running(0),
        }))
    }

    /// Looks for the end until `until`. What goes wrong while looking is no reason to say that something was not taken
    /// in: it was.
    async fn wait_for_end(&self, id: &str, started_ms: i64, until: Instant) -> Standing {
        let mut pause = self.pace.borrow().first();
        let mut next = self.pace.borrow().second();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Standing::Running;
            }
            sleep(pause.min(left)).await;
            match timeout_at(until, self.workflow.newest_event(id)).await {
                Err(_) => return Standing::Running,
                Ok(Ok(Some(newest))) => {
                    self.learn(started_ms, &newest);
                    if newest.progress != Progress::Running {
                        return newest.progress.into();
                    }
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, submission = id, "could not look for the end");
                    next = Pace::after(next) * 2;
                }
            }
            pause = next;
            next = Pace::after(next);
        }
    }

    fn learn(&self, started_ms: i64, newest: &NewestEvent) {
        let took = u64::try_from(newest.at_ms - started_ms).ok().map(Duration::from_millis);
        if let (Progress::Ended(_), Some(took), true) = (&newest.progress, took, started_ms > 0) {
            // One that ended by an admin's word took as long as the admin did.
            if took < LONGEST_WAIT {
                self.pace.borrow_mut().observe(took);
            }
        }
    }
}

fn submission(parameters: &Parameters) -> Result<Submission, Problem> {
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

/// The execution's name for an idempotency key. A hash, because a key may be longer than a name, and hold anything.
fn execution_name(key: &str) -> Result<String, Problem> {
    let key = key
        .strip_prefix('"')
        .and_then(|key| key.strip_suffix('"'))
        .unwrap_or(key);
    if key.is_empty() || key.len() > KEY_LIMIT {
        let detail = format!(
            "The Idempotency-Key must have 1 to {KEY_LIMIT} bytes; this one has {}.",
            key.len()
        );
        return Err(Problem::new(Kind::BadRequest, detail));
    }
    let hash = Sha256::digest(key.as_bytes());
    Ok(hash
        .iter()
        .fold("k-".to_owned(), |name, byte| format!("{name}{byte:02x}")))
}

fn unanswered(action: &'static str, message: &str) -> CallError {
    CallError {
        action,
        kind: CallErrorKind::Unreachable,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_becomes_a_name_that_step_functions_takes() {
        let long = "ä".repeat(127);
        for key in ["a", "with space/and:colon", long.as_str()] {
            let name = execution_name(key).unwrap();
            assert!(name.len() <= 80 && crate::execution::is_name(&name), "{name}");
        }
        assert_eq!(execution_name("\"a\""), execution_name("a"));
        assert_ne!(execution_name("b"), execution_name("a"));
        for key in ["", "\"\"", &"a".repeat(256)] {
            assert_eq!(execution_name(key).unwrap_err().kind, Kind::BadRequest);
        }
    }
}
