//! The part that the functions that send mails share: the approvers, the budget, and a mail with a link of its own for each.

mod aws;
#[cfg(test)]
pub(crate) mod testing;

use sluice_aws::{CallError, Code, Fault, LinkPurpose, LinkScope, NewLink, Secret};
use sluice_workflows::{AuditData, AuditKind, DecisionKind, Submission, TaskError, Violation};

use crate::mail::{Access, Mail, Occasion, Question};
use crate::summary;

pub(crate) use aws::{AwsMails, approvals};

/// Random bytes of a mail: those of its secret, then those of its code.
pub(crate) const RANDOM_BYTES: usize = 38;

/// The table of approvals and the topics, as mails need them.
pub trait Mails {
    /// Takes the right to send one mail to each approver out of the budget; false: there is none for now.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn take_token(&self, now_ms: i64) -> impl Future<Output = Result<bool, CallError>>;

    /// Leaves a mail to the next digest.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn defer(&self, id: &str, purpose: LinkPurpose, now_ms: i64) -> impl Future<Output = Result<(), CallError>>;

    /// Writes a link, before the mail with it goes out.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn put_link(&self, link: &NewLink<'_>) -> impl Future<Output = Result<(), CallError>>;

    /// Sends a mail to one approver.
    ///
    /// # Errors
    /// [`CallError`] if the topic did not take it.
    fn publish(&self, to: &Recipient, subject: &str, text: &str) -> impl Future<Output = Result<(), CallError>>;

    /// Appends to the audit of an approval, or to that of a link to everything open.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn audit(
        &self,
        id: &str,
        at_ms: i64,
        kind: AuditKind,
        data: AuditData,
    ) -> impl Future<Output = Result<(), CallError>>;

    /// Fresh random bytes.
    ///
    /// # Errors
    /// `InvalidSetting` if the system has none.
    fn random(&self) -> Result<[u8; RANDOM_BYTES], Fault>;
}

/// The addressee of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address: mails carry it as the attribute `approver`, by which their subscription filters.
    pub address: String,
    /// The topic that the subscription is of.
    pub topic: TopicKind,
}

/// The topics of approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicKind {
    /// The admins'.
    Admins,
    /// That of those who hear when the admins do not decide.
    Escalation,
}

/// The settings of mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailing {
    /// The address of the approval function, with a slash at its end.
    pub approval_url: String,
    /// The admins.
    pub admins: Vec<Recipient>,
    /// Those who hear when the admins do not decide; none: the admins once more.
    pub escalation: Option<Recipient>,
    /// True if a link asks for the code of its mail.
    pub with_code: bool,
}

/// One approval that mails are about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) id: &'a str,
    pub(crate) submission_id: &'a str,
    pub(crate) submission: &'a Submission,
    pub(crate) violations: &'a [Violation],
    pub(crate) submitted_at_ms: i64,
    pub(crate) expires_at_ms: i64,
    pub(crate) at_deadline: DecisionKind,
}

impl Mailing {
    /// Whom a mail of this purpose goes to.
    pub(crate) fn recipients(&self, purpose: LinkPurpose) -> Vec<&Recipient> {
        match (&self.escalation, purpose) {
            (Some(escalation), LinkPurpose::Escalation) => vec![escalation],
            _ => self.admins.iter().collect(),
        }
    }

    /// The recipient with this address, as of now: who is no approver any more gets no mail.
    pub(crate) fn recipient(&self, address: &str) -> Option<&Recipient> {
        let mut all = self.admins.iter().chain(&self.escalation);
        all.find(|one| one.address == address)
    }

    /// Sends a mail about one approval to each of `recipients`: a link, a secret and a code for each.
    ///
    /// # Errors
    /// `ApprovalTableUnavailable`, `ApprovalTableRefused`, `MailUnavailable` or `MailRefused`; those before may have theirs.
    pub(crate) async fn send(
        &self,
        mails: &impl Mails,
        asked: &Asked<'_>,
        occasion: Occasion,
        recipients: &[&Recipient],
        now_ms: i64,
    ) -> Result<(), Fault> {
        let summary = summary::write(asked.submission, asked.violations);
        let question = Question {
            submission_id: asked.submission_id,
            submission: asked.submission,
            violations: asked.violations,
            summary: &summary,
            submitted_at_ms: asked.submitted_at_ms,
            expires_at_ms: asked.expires_at_ms,
            at_deadline: asked.at_deadline,
        };
        for recipient in recipients {
            let link = Link {
                scope: LinkScope::Approval(asked.id.to_owned()),
                purpose: purpose(occasion),
                expires_at_ms: asked.expires_at_ms,
            };
            self.send_one(mails, link, recipient, now_ms, |access| {
                question.mail(occasion, access, now_ms)
            })
            .await?;
        }
        Ok(())
    }

    /// The address of the page that `secret` opens.
    fn link_to(&self, secret: &Secret) -> String {
        format!("{}{}", self.approval_url, secret.reveal())
    }

    /// Makes a link and sends the mail with it: first the link is written, then the mail goes out, then the audit tells of it.
    pub(crate) async fn send_one(
        &self,
        mails: &impl Mails,
        link: Link,
        recipient: &Recipient,
        now_ms: i64,
        write: impl FnOnce(&Access<'_>) -> Mail,
    ) -> Result<(), Fault> {
        let (secret, code) = split(mails.random()?);
        let code = self.with_code.then_some(code);
        let new = NewLink {
            secret: &secret,
            code: code.as_ref(),
            scope: link.scope.clone(),
            approver: &recipient.address,
            purpose: link.purpose,
            issued_at_ms: now_ms,
            expires_at_ms: link.expires_at_ms,
        };
        mails.put_link(&new).await.map_err(|error| table_fault(&error))?;
        let mail = write(&Access {
            link: &self.link_to(&secret),
            code: code.as_ref().map(Code::reveal),
            approver: &recipient.address,
        });
        let published = mails.publish(recipient, &mail.subject, &mail.text).await;
        published.map_err(|error| Fault::from_call(&error, TaskError::MailUnavailable, TaskError::MailRefused))?;
        let data = AuditData::from([
            ("to".to_owned(), recipient.address.as_str().into()),
            ("purpose".to_owned(), link.purpose.as_str().into()),
            ("link".to_owned(), secret.hash().as_str().into()),
        ]);
        let chain = match link.scope {
            LinkScope::Approval(id) => id,
            LinkScope::AllOpen => format!("list#{}", secret.hash().as_str()),
        };
        let noted = mails.audit(&chain, now_ms, AuditKind::Mailed, data).await;
        noted.map_err(|error| table_fault(&error))
    }
}

/// A link that a mail is to have.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) scope: LinkScope,
    pub(crate) purpose: LinkPurpose,
    pub(crate) expires_at_ms: i64,
}

fn purpose(occasion: Occasion) -> LinkPurpose {
    match occasion {
        Occasion::Request => LinkPurpose::Request,
        Occasion::Reminder => LinkPurpose::Reminder,
        Occasion::Escalation => LinkPurpose::Escalation,
        Occasion::Replacement => LinkPurpose::Replacement,
    }
}

fn split(random: [u8; RANDOM_BYTES]) -> (Secret, Code) {
    let (mut secret, mut code) = ([0; 32], [0; RANDOM_BYTES - 32]);
    secret.copy_from_slice(&random[..32]);
    code.copy_from_slice(&random[32..]);
    (Secret::from_bytes(secret), Code::from_bytes(code))
}

/// A failure of the table of approvals.
pub(crate) fn table_fault(error: &CallError) -> Fault {
    Fault::from_call(
        error,
        TaskError::ApprovalTableUnavailable,
        TaskError::ApprovalTableRefused,
    )
}
