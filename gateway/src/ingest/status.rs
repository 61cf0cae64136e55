use sluice_workflows::SubmissionStatus;

use super::pages::{self, Seen};
use super::respond::json_response;
use super::{Asked, EntryList, Ingest, Randomness, Workflow, retry_after};
use crate::http::{Kind, Problem, Representation, Response};
use crate::submission_id::made_at_ms;

/// The time for which a submission without a record is said to run, in milliseconds: its calls may be throttled, and are tried
/// again for most of an hour each. Longer, and its start was never taken.
const YOUNG_MS: i64 = 6 * 3_600_000;

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Answers the status of the submission `id`. An id that was made up costs no call.
    pub(super) async fn status(&self, id: &str, asked: &Asked) -> Result<Response, Problem> {
        if !self.ids.is_ours(id) {
            return Err(not_found());
        }
        sluice_aws::log_submission(id);
        if self.may_not_look() {
            let detail = "The table of submissions is busy. Ask again in a moment.";
            return Err(
                Problem::new(Kind::Unavailable, detail).with_header("retry-after", retry_after(&self.randomness))
            );
        }
        let record = self.look(id).await.map_err(|error| self.failed(&error))?;
        let (status, submitted_at_ms) = match record {
            Some(record) => (record.status, Some(record.submitted_at_ms)),
            None => match made_at_ms(id) {
                Some(made) if asked.now_ms - made > YOUNG_MS => return Err(not_found()),
                made => (SubmissionStatus::Running, made),
            },
        };
        Ok(match asked.representation {
            Representation::Json => json_response(&status, 200, id),
            Representation::Html => pages::submission(&Seen {
                id,
                status: &status,
                submitted_at_ms,
                now_ms: asked.now_ms,
                follows: asked.follows,
            }),
        })
    }
}

fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "There is no submission with this id.")
}
