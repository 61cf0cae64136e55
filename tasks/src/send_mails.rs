//! Sends, once a minute, what the budget of mails held back: one digest of everything that waits, and the mails that were asked for in
//! place of links that do not work any more.

mod aws;
mod digests;
mod port;
mod replacements;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sluice_aws::{CallError, Fault, Withdrawal};
use sluice_workflows::DecisionKind;

use crate::mailing::{Mailing, Mails, table_fault};
use crate::times;

pub use aws::run;
pub use port::PendingMails;

/// The time after its deadline at which nobody can be waiting for an approval any more: its workflow closes it at the deadline, and
/// tries that for most of two hours.
const OVERDUE_MS: i64 = 86_400_000;

/// The overdue approvals that are taken off the list at a time.
const WITHDRAWN_AT_ONCE: usize = 100;

/// The event that the schedule sends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SendRequest {
    /// The time at which the schedule meant to invoke it (ISO 8601).
    pub at: String,
}

/// The mails that went out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SendReport {
    /// True if a digest went out.
    pub digest: bool,
    /// The mails that went out in place of links.
    pub replacements: u64,
    /// The approvals that were taken off the list, since nobody waits for them.
    pub withdrawn: u64,
}

/// Sends what waits at the time of `request`. A mail that went out and was not noted goes out again: none is lost.
///
/// # Errors
/// `InvalidEvent`, `ApprovalTableUnavailable`, `ApprovalTableRefused`, `MailUnavailable` or `MailRefused`.
pub async fn send(
    port: &impl PendingMails,
    mails: &impl Mails,
    mailing: &Mailing,
    at_deadline: DecisionKind,
    request: &SendRequest,
) -> Result<SendReport, Fault> {
    let now_ms = times::parse("at", &request.at)?.timestamp_millis();
    let withdrawn = withdraw_overdue(port, now_ms).await?;
    let pending = port.pending().await.map_err(|error| table_fault(&error))?;
    let digest = digests::send_digest(port, mails, mailing, &pending, now_ms).await?;
    let outbox = replacements::Outbox {
        port,
        mails,
        mailing,
        at_deadline,
        now_ms,
    };
    let replacements = outbox.send_all(&pending.wanted).await?;
    Ok(SendReport {
        digest,
        replacements,
        withdrawn,
    })
}

/// Takes approvals off the list whose deadline passed long ago: executions of an older definition, or that were deleted with
/// their state machine, leave them behind. Counters and limits would count them for ever.
async fn withdraw_overdue(port: &impl PendingMails, now_ms: i64) -> Result<u64, Fault> {
    let failed = |error: CallError| table_fault(&error);
    let mut withdrawn = 0;
    let first = port.first_open(1).await.map_err(failed)?;
    if first.iter().all(|item| item.expires_at_ms + OVERDUE_MS > now_ms) {
        return Ok(0);
    }
    for item in port.first_open(WITHDRAWN_AT_ONCE).await.map_err(failed)? {
        if item.expires_at_ms + OVERDUE_MS > now_ms {
            break;
        }
        if port.withdraw(&item.id, now_ms).await.map_err(failed)? == Withdrawal::Now {
            tracing::warn!(
                approval = item.id,
                "nobody has waited for it for a day: taken off the list"
            );
            withdrawn += 1;
        }
    }
    Ok(withdrawn)
}
