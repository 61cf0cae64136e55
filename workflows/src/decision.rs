use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Submission, Violation};

/// The token that completes a waiting state. Whoever has it can decide, so it shows itself only on request.
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

/// What RequestApproval is given: everything that an admin needs to decide, and the token that the answer goes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// Completes the waiting state. A secret: it is stored, and appears nowhere else.
    #[serde(rename = "taskToken")]
    pub task_token: TaskToken,
    /// The submission: the execution's name.
    pub submission_id: String,
    /// Which round of the submission this is, from 1.
    pub round: u32,
    /// When the submission came in (ISO 8601, UTC).
    pub submitted_at: String,
    /// When the state stops waiting (ISO 8601, UTC).
    pub expires_at: String,
    /// The fields as sent, or as repaired in the round before.
    pub submission: Submission,
    /// What is wrong with them.
    pub violations: Vec<Violation>,
}

impl ApprovalRequest {
    /// The approval's id: `<submission id>.<round>`, the same for every attempt of one round.
    pub fn approval_id(&self) -> String {
        format!("{}.{}", self.submission_id, self.round)
    }
}

/// Which way an admin decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// Store it; with repaired fields: check it again first.
    Approve,
    /// Refuse it.
    Reject,
}

impl Ruling {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ruling::Approve => "approve",
            Ruling::Reject => "reject",
        }
    }
}

/// An admin's decision: the output that completes RequestApproval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Which way.
    pub decision: Ruling,
    /// The name that the admin gave.
    pub decided_by: String,
    /// When (ISO 8601, UTC).
    pub decided_at: String,
    /// Why, if the admin said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// With `approve`: the fields that the admin changed. They are checked again like new ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<Submission>,
}

/// Who decided, when, and why: what remains of a decision in entries and outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The name that the admin gave.
    pub decided_by: String,
    /// When (ISO 8601, UTC).
    pub decided_at: String,
    /// Why, if the admin said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}
