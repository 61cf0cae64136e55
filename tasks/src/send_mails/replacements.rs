use sluice_aws::{ApprovalState, CallError, Fault, LinkPurpose, LinkScope, PendingDigest, WantedMail};
use sluice_workflows::DecisionKind;

use super::digests::{digest, send_list};
use super::port::PendingMails;
use crate::mail::{Digest, Occasion};
use crate::mailing::{Asked, Mailing, Mails, Recipient, table_fault};
use crate::times;

/// The sender of mails in place of links.
pub(super) struct Outbox<'a, P, M> {
    pub(super) port: &'a P,
    pub(super) mails: &'a M,
    pub(super) mailing: &'a Mailing,
    pub(super) at_deadline: DecisionKind,
    pub(super) now_ms: i64,
}

fn failed(error: CallError) -> Fault {
    table_fault(&error)
}

impl<P: PendingMails, M: Mails> Outbox<'_, P, M> {
    /// Sends those that the budget allows, and answers their number; the others wait for the next minute.
    pub(super) async fn send_all(&self, wanted: &[WantedMail]) -> Result<u64, Fault> {
        let mut sent = 0;
        for one in wanted {
            if !self.mails.take_token(self.now_ms).await.map_err(failed)? {
                tracing::info!(
                    left = wanted.len() - sent,
                    "mails in place of links wait for the budget"
                );
                break;
            }
            self.send(one).await?;
            self.port.mail_sent(one).await.map_err(failed)?;
            sent += 1;
        }
        Ok(u64::try_from(sent).unwrap_or(u64::MAX))
    }

    /// Sends one to whom the link was for. What is decided by now needs none.
    async fn send(&self, wanted: &WantedMail) -> Result<(), Fault> {
        let hash = match wanted {
            WantedMail::Approval(id) => {
                let all: Vec<&Recipient> = self.mailing.admins.iter().collect();
                return self.send_about(id, &all).await;
            }
            WantedMail::Link(hash) => hash,
        };
        let Some(link) = self.port.link(hash).await.map_err(failed)? else {
            return Ok(());
        };
        let Some(recipient) = self.mailing.recipient(&link.approver) else {
            tracing::warn!(
                purpose = link.purpose.as_str(),
                "its address is no approver any more: no new mail"
            );
            return Ok(());
        };
        match &link.scope {
            LinkScope::Approval(id) => self.send_about(id, &[recipient]).await,
            LinkScope::AllOpen => {
                let everything = digest(self.port, &PendingDigest::default(), self.now_ms).await?;
                let everything = Digest {
                    replaces: true,
                    ..everything
                };
                let purpose = LinkPurpose::Replacement;
                send_list(self.mails, self.mailing, &everything, purpose, recipient, self.now_ms).await
            }
        }
    }

    async fn send_about(&self, id: &str, recipients: &[&Recipient]) -> Result<(), Fault> {
        let record = self.port.record(id).await.map_err(failed)?;
        let is_open = |state: &ApprovalState| *state == ApprovalState::Open;
        let Some(record) = record.filter(|one| is_open(&one.state) && one.expires_at_ms > self.now_ms) else {
            return Ok(());
        };
        let asked = Asked {
            id,
            submission_id: &record.submission_id,
            submission: &record.submission,
            violations: &record.violations,
            submitted_at_ms: times::parse("submitted_at", &record.submitted_at)?.timestamp_millis(),
            expires_at_ms: record.expires_at_ms,
            at_deadline: self.at_deadline,
        };
        let occasion = Occasion::Replacement;
        self.mailing
            .send(self.mails, &asked, occasion, recipients, self.now_ms)
            .await
    }
}
