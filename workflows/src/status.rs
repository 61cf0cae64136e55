use crate::Outcome;

/// The status of a submission.
#[derive(Debug, Clone, PartialEq)]
pub enum SubmissionStatus {
    /// The workflow is at work on it.
    Running,
    /// An admin is asked.
    WaitingForApproval,
    /// It is over.
    Ended(Box<Outcome>),
    /// The workflow broke.
    Failed,
}

impl SubmissionStatus {
    /// The name on the wire and in the table.
    ///
    /// ```
    /// assert_eq!(sluice_workflows::SubmissionStatus::WaitingForApproval.name(), "waiting_for_approval");
    /// ```
    pub const fn name(&self) -> &'static str {
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
}
