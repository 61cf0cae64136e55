use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Submission, Violation};

/// The token that completes a waiting state. Whoever has it can decide, so it shows itself only on request.
///
/// ```
/// use sluice_workflows::TaskToken;
///
/// let token = TaskToken::new("AQCEAAAAKgAAAAM".to_owned());
/// assert_eq!(format!("{token:?}"), "TaskToken(..)");
/// assert_eq!(token.reveal(), "AQCEAAAAKgAAAAM");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskToken(String);

impl TaskToken {
    /// A token as Step Functions issued it.
    pub fn new(token: String) -> Self {
        TaskToken(token)
    }

    /// The token itself, for Step Functions and the table.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskToken(..)")
    }
}

/// The payload of RequestApproval: everything that an admin needs to decide, and the token that the answer goes to.
///
/// ```
/// use serde_json::json;
/// use sluice_workflows::ApprovalRequest;
///
/// let request: ApprovalRequest = serde_json::from_value(json!({
///     "taskToken": "AQCEAAAAKgAAAAM", "submission_id": "night-17", "round": 2,
///     "submitted_at": "2026-11-22T10:00:00.000Z", "expires_at": "2026-11-29T10:00:00.000Z",
///     "submission": {"user_name": "Ada"}, "violations": [],
/// }))?;
/// assert_eq!(request.approval_id(), "night-17.2");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// Completes the waiting state. A secret: it is stored, and appears nowhere else.
    #[serde(rename = "taskToken")]
    pub task_token: TaskToken,
    /// The submission: the execution's name.
    pub submission_id: String,
    /// The round of the submission, from 1.
    pub round: u32,
    /// The time at which the submission came in (ISO 8601, UTC).
    pub submitted_at: String,
    /// The time at which the state stops waiting (ISO 8601, UTC).
    pub expires_at: String,
    /// The fields as sent, or as repaired in the round before.
    pub submission: Submission,
    /// The rules that they break.
    pub violations: Vec<Violation>,
    /// The hash of the fields as sent, if whoever started the execution gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_hash: Option<String>,
    /// The time at which the workflow reached RequestApproval (ISO 8601, UTC); older executions do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<String>,
    /// The decision if nobody takes one; older executions do not say it, and expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_deadline: Option<DecisionKind>,
    /// The most approvals that may be open, of which 0 sets no limit; older executions do not say it either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_limit: Option<u64>,
}

impl ApprovalRequest {
    /// The approval's id: `<submission id>.<round>`, the same for every attempt of one round.
    pub fn approval_id(&self) -> String {
        format!("{}.{}", self.submission_id, self.round)
    }
}

/// The kind of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionKind {
    /// Store it; with repaired fields: check it again first.
    Approve,
    /// Refuse it.
    Reject,
    /// Nobody decided in time.
    Expire,
}

impl DecisionKind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            DecisionKind::Approve => "approve",
            DecisionKind::Reject => "reject",
            DecisionKind::Expire => "expire",
        }
    }
}

/// The author of a decision that was taken because nobody decided in time.
pub const DEADLINE: &str = "deadline";

/// A decision about an approval: an admin's, or the deadline's.
///
/// ```
/// use serde_json::json;
/// use sluice_workflows::{Decision, DecisionKind};
///
/// let decision: Decision = serde_json::from_value(json!({
///     "decision": "approve", "decided_by": "Grace", "decided_at": "2026-11-23T10:00:00.000Z",
///     "repaired": {"pincode": "1234"},
/// }))?;
/// assert_eq!(decision.decision, DecisionKind::Approve);
/// assert!(decision.repaired.is_some(), "the repaired fields are checked again");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The kind.
    pub decision: DecisionKind,
    /// The address that the mail with the link went to; [`DEADLINE`], or the operator's word, where there was no mail.
    pub decided_by: String,
    /// The time (ISO 8601, UTC).
    pub decided_at: String,
    /// The admin's comment for other admins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// With `reject`: the reason that the submitter is told, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// With `approve`: the fields that the admin changed. They are checked again like new ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<Submission>,
}

/// Author, time and comment of a decision: what remains of a decision in entries and outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The address that the mail with the link went to; [`DEADLINE`], or the operator's word, where there was no mail.
    pub decided_by: String,
    /// The time (ISO 8601, UTC).
    pub decided_at: String,
    /// The admin's comment for other admins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}
