use sluice_workflows::{Decision, Submission, TaskToken, Violation};

use super::item::{Item, flag, integer, optional_string, parsed, string, unusable};
use crate::call::CallError;
use crate::secret::SecretHash;

const READ: &str = "dynamodb:GetItem";

/// One approval, as the table holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRecord {
    /// `<submission id>.<round>`.
    pub id: String,
    /// The submission.
    pub submission_id: String,
    /// Its fields.
    pub submission: Submission,
    /// The rules that they break.
    pub violations: Vec<Violation>,
    /// The time at which the submission came in (ISO 8601, UTC).
    pub submitted_at: String,
    /// The time at which the workflow stops waiting (ISO 8601, UTC).
    pub expires_at: String,
    /// The same in milliseconds since 1970.
    pub expires_at_ms: i64,
    /// The time at which it was opened, or asked for again with a newer token, in milliseconds since 1970; 0 if an older build
    /// opened it.
    pub opened_at_ms: i64,
    /// Its subject, in the words of lists; empty if an older build opened it.
    pub summary: String,
    /// True once a mail of its own went out; false while it waits for a digest.
    pub mailed: bool,
    /// True while the list of open approvals and the counters have it. Those that an older build opened are not listed.
    pub listed: bool,
    /// The decision about many that decided it, if one did.
    pub batch: Option<String>,
    /// The hashes of the secrets in the mails of an older build.
    pub secret_hashes: Vec<SecretHash>,
    /// The newest task token.
    pub task_token: TaskToken,
    /// True if more than the process that took the decision may have sent it to this token (attribute `told_again`).
    pub redelivered: bool,
    /// The state of the decision.
    pub state: ApprovalState,
}

/// The state of an approval's decision.
#[derive(Debug, Clone, PartialEq)]
pub enum ApprovalState {
    /// Nobody decided yet; it may have expired.
    Open,
    /// Somebody decided; nothing changes that.
    Decided(Box<Decision>, Delivery),
    /// Its execution ended otherwise, and nobody waits for a decision. A redrive opens it again.
    Withdrawn,
}

/// The state of a decision's delivery to the workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Not for certain. Delivering it again is harmless.
    Pending,
    /// It took it. Nothing changes that for this token.
    Done,
    /// It no longer waited for it.
    Closed,
}

pub(super) fn read(row: &Item) -> Result<ApprovalRecord, CallError> {
    let hashes = row.get("secret_hashes").and_then(|value| value.as_ss().ok());
    Ok(ApprovalRecord {
        id: string(READ, row, "id")?,
        submission_id: string(READ, row, "submission_id")?,
        submission: parsed(READ, row, "submission")?,
        violations: parsed(READ, row, "violations")?,
        submitted_at: string(READ, row, "submitted_at")?,
        expires_at: string(READ, row, "expires_at")?,
        expires_at_ms: integer(row, "expires_at_ms").ok_or_else(|| unusable(READ, row, "expires_at_ms"))?,
        opened_at_ms: integer(row, "opened_at_ms").unwrap_or(0),
        summary: optional_string(row, "summary").unwrap_or_default().to_owned(),
        mailed: flag(row, "mailed"),
        listed: row.contains_key("open_shard"),
        batch: optional_string(row, "batch_id").map(str::to_owned),
        secret_hashes: hashes
            .into_iter()
            .flatten()
            .map(|hash| SecretHash::from_table(hash))
            .collect(),
        task_token: TaskToken::new(string(READ, row, "task_token")?),
        redelivered: row.contains_key("told_again"),
        state: state(row)?,
    })
}

fn state(row: &Item) -> Result<ApprovalState, CallError> {
    if row.contains_key("decision") {
        let delivery = match (row.contains_key("delivered_at"), row.contains_key("closed_at")) {
            (true, _) => Delivery::Done,
            (false, true) => Delivery::Closed,
            (false, false) => Delivery::Pending,
        };
        Ok(ApprovalState::Decided(
            Box::new(parsed(READ, row, "decision")?),
            delivery,
        ))
    } else if row.contains_key("withdrawn_at") {
        Ok(ApprovalState::Withdrawn)
    } else {
        Ok(ApprovalState::Open)
    }
}
