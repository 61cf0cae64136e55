use serde_json::{Value, json};
use sluice_aws::{Ending, Progress};
use sluice_workflows::Outcome;

use super::{Chance, EntryList, Ingest, Workflow, behind, pages};
use crate::http::{Answer, Kind, Problem, Representation};

/// Where a submission stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    /// The workflow is at work on it.
    Running,
    /// An admin is asked.
    WaitingForApproval,
    /// It is over.
    Ended(Box<Outcome>),
    /// The workflow broke.
    Failed,
}

impl From<Ending> for Standing {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Succeeded(output) => match serde_json::from_str(&output) {
                Ok(outcome) => Standing::Ended(Box::new(outcome)),
                Err(error) => {
                    tracing::error!(%error, "the output of the workflow is no outcome");
                    Standing::Failed
                }
            },
            Ending::Failed => Standing::Failed,
        }
    }
}

impl From<Progress> for Standing {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Ended(ending) => ending.into(),
            Progress::Parked => Standing::WaitingForApproval,
            Progress::Running => Standing::Running,
        }
    }
}

impl Standing {
    /// The name on the wire.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Standing::Running => "running",
            Standing::WaitingForApproval => "waiting_for_approval",
            Standing::Failed => "failed",
            Standing::Ended(outcome) => match **outcome {
                Outcome::Ingested { .. } => "ingested",
                Outcome::Approved { .. } => "approved",
                Outcome::Rejected { .. } => "rejected",
                Outcome::Expired { .. } => "expired",
            },
        }
    }

    /// The JSON object: `id`, `status`, and what the outcome holds.
    pub(super) fn json(&self, id: &str) -> Value {
        let mut body = json!({"id": id, "status": self.name()});
        if let (Standing::Ended(outcome), Some(members)) = (self, body.as_object_mut()) {
            let outcome = serde_json::to_value(outcome).unwrap_or_default();
            for name in ["entry", "reason", "violations", "approval"] {
                if let Some(value) = outcome.get(name) {
                    members.insert(name.to_owned(), value.clone());
                }
            }
        }
        body
    }

    /// The answer to whoever submitted.
    pub(super) fn answer_submitter(&self, id: &str, form: Representation) -> Answer {
        let answer = match self {
            Standing::Running => self.shown(202, id, form, false).with("retry-after", "1"),
            Standing::WaitingForApproval => self.shown(202, id, form, false),
            Standing::Failed => Problem::new(
                Kind::Failed,
                "The submission was taken in, but the workflow broke before its end. Its operators see that it did.",
            )
            .with_member("id", id)
            .answer(form),
            Standing::Ended(outcome) => match &**outcome {
                Outcome::Ingested { .. } | Outcome::Approved { .. } => self.shown(201, id, form, false),
                Outcome::Rejected { reason, violations, .. } => Problem::new(Kind::Rejected, reason)
                    .with_member("id", id)
                    .with_member("violations", serde_json::to_value(violations).unwrap_or_default())
                    .answer(form),
                Outcome::Expired { reason, violations, .. } => Problem::new(Kind::Expired, reason)
                    .with_member("id", id)
                    .with_member("violations", serde_json::to_value(violations).unwrap_or_default())
                    .answer(form),
            },
        };
        answer.with("location", format!("/submissions/{id}"))
    }

    /// The answer to whoever asks: it always is one. `is_own`: under the submission's own address.
    fn shown(&self, status: u16, id: &str, form: Representation, is_own: bool) -> Answer {
        match form {
            Representation::Json => Answer::json(status, &self.json(id)),
            Representation::Html => pages::standing(status, id, self, is_own),
        }
    }
}

impl<W: Workflow, E: EntryList, C: Chance> Ingest<W, E, C> {
    /// Answers where the submission `id` stands.
    pub(super) async fn status(&self, form: Representation, id: &str) -> Result<Answer, Problem> {
        let Some(description) = self
            .workflow
            .describe(id)
            .await
            .map_err(|error| behind(&error, &self.chance))?
        else {
            return Err(Problem::new(Kind::NotFound, "There is no submission with this id."));
        };
        let standing = match description.ending {
            Some(ending) => ending.into(),
            None => match self
                .workflow
                .newest_event(id)
                .await
                .map_err(|error| behind(&error, &self.chance))?
            {
                Some(newest) => newest.progress.into(),
                None => Standing::Running,
            },
        };
        Ok(standing.shown(200, id, form, true))
    }
}
