use sluice_workflows::SubmissionStatus;

use super::respond::response_of;
use super::{EntryList, Ingest, Randomness, Workflow, retry_after};
use crate::http::{Kind, Problem, Representation, Response};
use crate::submission_id::made_at_ms;

/// The time for which a submission without a record is said to run, in milliseconds: its calls may be throttled, and are tried
/// again for most of an hour each. Longer, and its start was never taken.
const YOUNG_MS: i64 = 6 * 3_600_000;

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Answers the status of the submission `id` at `now_ms`. An id that was made up costs no call.
    pub(super) async fn status(
        &self,
        representation: Representation,
        id: &str,
        now_ms: i64,
    ) -> Result<Response, Problem> {
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
        let status = match record {
            Some(record) => record.status,
            None if made_at_ms(id).is_some_and(|made| now_ms - made > YOUNG_MS) => return Err(not_found()),
            None => SubmissionStatus::Running,
        };
        Ok(response_of(&status, 200, id, representation, true))
    }
}

fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "There is no submission with this id.")
}
