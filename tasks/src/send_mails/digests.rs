use sluice_aws::{Fault, LinkPurpose, LinkScope, PendingDigest};

use super::port::PendingMails;
use crate::mail::{Digest, DigestRow};
use crate::mailing::{self, Mailing, Mails, Recipient, table_fault};

/// The time for which the link of a digest works.
const LINK_LIFE_MS: i64 = 86_400_000;

/// The time between two digests: a minute, less what one schedule may be earlier than the next.
const BETWEEN_MS: i64 = 50_000;

/// The requests that a digest names.
const NAMED: usize = 10;

/// Sends one digest, if something waits for it and the last one is old enough; answers whether it did.
pub(super) async fn send_digest(
    port: &impl PendingMails,
    mails: &impl Mails,
    mailing: &Mailing,
    pending: &PendingDigest,
    now_ms: i64,
) -> Result<bool, Fault> {
    let is_early = pending.last_sent_ms.is_some_and(|last| now_ms - last < BETWEEN_MS);
    if pending.is_empty() || is_early {
        return Ok(false);
    }
    let digest = digest(port, pending, now_ms).await?;
    // all that waited may be decided by now
    if digest.open > 0 {
        let mut recipients: Vec<&Recipient> = mailing.admins.iter().collect();
        if pending.escalations > 0 {
            recipients.extend(&mailing.escalation);
        }
        for recipient in recipients {
            send_list(mails, mailing, &digest, LinkPurpose::Digest, recipient, now_ms).await?;
        }
        tracing::info!(open = digest.open, new = digest.new, "sent a digest");
    }
    let noted = port.digest_sent(pending, now_ms).await;
    noted.map_err(|error| table_fault(&error))?;
    Ok(digest.open > 0)
}

/// Describes everything that is open.
pub(super) async fn digest(port: &impl PendingMails, pending: &PendingDigest, now_ms: i64) -> Result<Digest, Fault> {
    let open = port.open_count().await.map_err(|error| table_fault(&error))?;
    let first = port.first_open(NAMED).await.map_err(|error| table_fault(&error))?;
    Ok(Digest {
        open,
        new: pending.requests.min(open),
        reminders: pending.reminders.min(open),
        escalations: pending.escalations.min(open),
        first: first
            .into_iter()
            .map(|item| DigestRow {
                summary: item.summary,
                expires_at_ms: item.expires_at_ms,
            })
            .collect(),
        link_until_ms: now_ms + LINK_LIFE_MS,
        replaces: false,
    })
}

/// Sends a mail that leads to everything open to one approver.
pub(super) async fn send_list(
    mails: &impl Mails,
    mailing: &Mailing,
    digest: &Digest,
    purpose: LinkPurpose,
    recipient: &Recipient,
    now_ms: i64,
) -> Result<(), Fault> {
    let link = mailing::Link {
        scope: LinkScope::AllOpen,
        purpose,
        expires_at_ms: digest.link_until_ms,
    };
    mailing
        .send_one(mails, link, recipient, now_ms, |access| digest.mail(access))
        .await
}
