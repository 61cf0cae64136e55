use sluice_aws::{
    ApprovalRecord, CallError, Link, OpenItem, PendingDigest, SecretHash, SettingError, WantedMail, Withdrawal,
    environment, required,
};
use sluice_workflows::DecisionKind;

use super::port::PendingMails;
use super::{SendRequest, send};
use crate::mailing::{AwsMails, Mailing};

impl PendingMails for AwsMails {
    async fn pending(&self) -> Result<PendingDigest, CallError> {
        self.approvals.pending_digest().await
    }

    async fn open_count(&self) -> Result<u64, CallError> {
        self.approvals.open_count().await
    }

    async fn first_open(&self, limit: usize) -> Result<Vec<OpenItem>, CallError> {
        self.approvals.open_list(None, limit).await.map(|page| page.items)
    }

    async fn digest_sent(&self, pending: &PendingDigest, at_ms: i64) -> Result<(), CallError> {
        self.approvals.digest_sent(pending, at_ms).await
    }

    async fn link(&self, hash: &SecretHash) -> Result<Option<Link>, CallError> {
        self.approvals.link_by_hash(hash).await
    }

    async fn record(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        self.approvals.get(id).await
    }

    async fn mail_sent(&self, wanted: &WantedMail) -> Result<(), CallError> {
        self.approvals.mail_sent(wanted).await
    }

    async fn withdraw(&self, id: &str, now_ms: i64) -> Result<Withdrawal, CallError> {
        self.approvals.withdraw(id, now_ms).await
    }
}

/// The tables and topics, the settings of mails, and the decision of a deadline.
fn settings() -> Result<(AwsMails, Mailing, DecisionKind), SettingError> {
    let (mails, mailing) = AwsMails::from_environment()?;
    let at_deadline = required(&environment, "EXPIRY_DECISION")?;
    let at_deadline = match at_deadline.as_str() {
        "expire" => DecisionKind::Expire,
        "approve" => DecisionKind::Approve,
        "reject" => DecisionKind::Reject,
        _ => {
            return Err(SettingError::Unusable {
                name: "EXPIRY_DECISION",
                value: at_deadline,
                expected: "it must be expire, approve or reject",
            });
        }
    };
    Ok((mails, mailing, at_deadline))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(
        settings,
        async |(mails, mailing, at_deadline), request: SendRequest, _| {
            send(mails, mails, mailing, *at_deadline, &request).await
        },
    )
}
