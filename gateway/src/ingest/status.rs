use serde_json::{Value, json};
use sluice_aws::{Ending, Progress};
use sluice_workflows::Outcome;

/// The status of a submission.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SubmissionStatus {
    /// The workflow is at work on it.
    Running,
    /// An admin is asked.
    WaitingForApproval,
    /// It is over.
    Ended(Box<Outcome>),
    /// The workflow broke.
    Failed,
}

impl From<Ending> for SubmissionStatus {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Succeeded(output) => match serde_json::from_str(&output) {
                Ok(outcome) => SubmissionStatus::Ended(Box::new(outcome)),
                Err(error) => {
                    tracing::error!(%error, "the output of the workflow is no outcome");
                    SubmissionStatus::Failed
                }
            },
            Ending::Failed => SubmissionStatus::Failed,
        }
    }
}

impl From<Progress> for SubmissionStatus {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Ended(ending) => ending.into(),
            Progress::Parked => SubmissionStatus::WaitingForApproval,
            Progress::Running => SubmissionStatus::Running,
        }
    }
}

impl SubmissionStatus {
    /// The name on the wire.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            SubmissionStatus::Running => "running",
            SubmissionStatus::WaitingForApproval => "waiting_for_approval",
            SubmissionStatus::Failed => "failed",
            SubmissionStatus::Ended(outcome) => match **outcome {
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
        if let (SubmissionStatus::Ended(outcome), Some(members)) = (self, body.as_object_mut()) {
            let outcome = serde_json::to_value(outcome).unwrap_or_default();
            for name in ["entry", "reason", "violations", "approval"] {
                if let Some(value) = outcome.get(name) {
                    members.insert(name.to_owned(), value.clone());
                }
            }
        }
        body
    }
}
