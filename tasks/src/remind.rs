//! Reminds of an approval that waits, or escalates it, by mails with links of their own.

use serde::Deserialize;
use sluice_aws::{ApprovalRecord, ApprovalState, CallError, Fault, LinkPurpose, SettingError};
use sluice_workflows::{AuditData, AuditKind, DecisionKind};

use crate::mail::Occasion;
use crate::mailing::{Asked, AwsMails, Mailing, Mails, table_fault};
use crate::times;

/// The payload of the states Remind and Escalate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReminderRequest {
    /// The kind.
    pub kind: ReminderKind,
    /// The submission: the execution's name.
    pub submission_id: String,
    /// The round, from 1.
    pub round: u32,
    /// The time at which the workflow reached the state (ISO 8601, UTC).
    pub at: String,
    /// The decision if nobody takes one.
    pub at_deadline: DecisionKind,
}

/// The kind of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReminderKind {
    /// To the admins, who were asked before.
    Reminder,
    /// To those who hear when the admins do not decide.
    Escalation,
}

/// The records of approvals, as reminding needs them.
pub trait ApprovalRecords {
    /// The record of an approval, as last written.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn get(&self, id: &str) -> impl Future<Output = Result<Option<ApprovalRecord>, CallError>>;
}

impl ApprovalRecords for AwsMails {
    async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        self.approvals.get(id).await
    }
}

/// Sends what `request` asks for, or leaves it to the next digest if the budget of mails is spent. What is not open any more needs
/// no reminder.
///
/// # Errors
/// `InvalidEvent`, `ApprovalTableUnavailable`, `ApprovalTableRefused`, `MailUnavailable` or `MailRefused`.
pub async fn remind(
    records: &impl ApprovalRecords,
    mails: &impl Mails,
    mailing: &Mailing,
    request: &ReminderRequest,
) -> Result<(), Fault> {
    let failed = |error: CallError| table_fault(&error);
    let id = format!("{}.{}", request.submission_id, request.round);
    let now_ms = times::parse("at", &request.at)?.timestamp_millis();
    let record = records.get(&id).await.map_err(failed)?;
    let Some(record) = record.filter(|record| record.state == ApprovalState::Open && record.expires_at_ms > now_ms)
    else {
        tracing::info!(approval = id, "not open: no reminder");
        return Ok(());
    };
    let (occasion, purpose, kind) = match request.kind {
        ReminderKind::Reminder => (Occasion::Reminder, LinkPurpose::Reminder, AuditKind::Reminded),
        ReminderKind::Escalation => (Occasion::Escalation, LinkPurpose::Escalation, AuditKind::Escalated),
    };
    let by_itself = mails.take_token(now_ms).await.map_err(failed)?;
    if by_itself {
        let asked = Asked {
            id: &id,
            submission_id: &record.submission_id,
            submission: &record.submission,
            violations: &record.violations,
            submitted_at_ms: times::parse("submitted_at", &record.submitted_at)?.timestamp_millis(),
            expires_at_ms: record.expires_at_ms,
            at_deadline: request.at_deadline,
        };
        let recipients = mailing.recipients(purpose);
        mailing.send(mails, &asked, occasion, &recipients, now_ms).await?;
    } else {
        mails.defer(&id, purpose, now_ms).await.map_err(failed)?;
    }
    tracing::info!(approval = id, purpose = purpose.as_str(), by_itself, "reminded");
    let data = AuditData::from([("by".to_owned(), if by_itself { "mail" } else { "digest" }.into())]);
    mails.audit(&id, now_ms, kind, data).await.map_err(failed)
}

fn aws() -> Result<(AwsMails, Mailing), SettingError> {
    AwsMails::from_environment()
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(aws, async |(mails, mailing), request: ReminderRequest, _| {
        remind(mails, mails, mailing, &request).await
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_aws::{CallErrorKind, Delivery};
    use sluice_workflows::TaskError;

    use super::*;
    use crate::mailing::testing::{FakeMails, mailing};
    use crate::mailing::{Recipient, TopicKind};

    struct Fake {
        record: Option<ApprovalRecord>,
        mails: FakeMails,
    }

    impl ApprovalRecords for Fake {
        async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
            self.mails.step("get", id.to_owned())?;
            Ok(self.record.clone())
        }
    }

    fn fake(state: ApprovalState) -> Fake {
        Fake {
            record: Some(crate::testing::record("s-1.1", state)),
            mails: FakeMails::new(1),
        }
    }

    fn request(kind: &str) -> ReminderRequest {
        serde_json::from_value(json!({"kind": kind, "submission_id": "s-1", "round": 1,
            "at": "2026-11-26T10:00:00.000Z", "at_deadline": "expire"}))
        .unwrap()
    }

    #[tokio::test]
    async fn admins_are_reminded_and_others_hear_when_they_do_not_decide() {
        let boss = Recipient {
            address: "boss@x".to_owned(),
            topic: TopicKind::Escalation,
        };
        for (kind, escalation, addresses, begins, audit) in [
            (
                "reminder",
                None,
                vec!["ada@x", "bob@x"],
                "Reminder, 3 days left: Ananya",
                "reminded",
            ),
            (
                "escalation",
                None,
                vec!["ada@x", "bob@x"],
                "Nobody decided, 3 days left:",
                "escalated",
            ),
            (
                "escalation",
                Some(boss.clone()),
                vec!["boss@x"],
                "Nobody decided, 3 days left:",
                "escalated",
            ),
            (
                "reminder",
                Some(boss),
                vec!["ada@x", "bob@x"],
                "Reminder, 3 days left:",
                "reminded",
            ),
        ] {
            let fake = fake(ApprovalState::Open);
            let mailing = Mailing {
                escalation,
                ..mailing(&["ada@x", "bob@x"])
            };
            assert_eq!(remind(&fake, &fake.mails, &mailing, &request(kind)).await, Ok(()));
            assert_eq!(fake.mails.addresses(), addresses, "{kind}");
            assert!(
                fake.mails
                    .sent
                    .borrow()
                    .iter()
                    .all(|mail| mail.subject.starts_with(begins))
            );
            let log = fake.mails.log.borrow();
            assert_eq!(log.last().unwrap(), &format!("audit s-1.1 {audit} "));
        }
    }

    #[tokio::test]
    async fn without_a_token_it_waits_for_the_digest() {
        let fake = fake(ApprovalState::Open);
        for _ in 0..3 {
            assert_eq!(
                remind(&fake, &fake.mails, &mailing(&["ada@x"]), &request("reminder")).await,
                Ok(())
            );
        }
        assert_eq!(fake.mails.addresses(), ["ada@x"]);
        let deferred = ("s-1.1".to_owned(), LinkPurpose::Reminder);
        assert_eq!(*fake.mails.deferred.borrow(), [deferred.clone(), deferred]);
    }

    #[tokio::test]
    async fn nobody_is_reminded_of_what_is_not_open() {
        let decision = serde_json::from_value(json!({"decision": "approve", "decided_by": "a", "decided_at": "t"}));
        let decided = ApprovalState::Decided(Box::new(decision.unwrap()), Delivery::Pending);
        let mut expired = fake(ApprovalState::Open);
        expired.record.as_mut().unwrap().expires_at_ms = 1;
        let mut missing = fake(ApprovalState::Open);
        missing.record = None;
        for fake in [fake(decided), fake(ApprovalState::Withdrawn), expired, missing] {
            assert_eq!(
                remind(&fake, &fake.mails, &mailing(&["ada@x"]), &request("escalation")).await,
                Ok(())
            );
            assert_eq!(fake.mails.steps(), ["get"]);
        }
    }

    #[tokio::test]
    async fn each_failure_has_its_name() {
        for (failing, name) in [
            ("get", TaskError::ApprovalTableUnavailable),
            ("token", TaskError::ApprovalTableUnavailable),
            ("publish", TaskError::MailUnavailable),
            ("audit", TaskError::ApprovalTableUnavailable),
        ] {
            let fake = fake(ApprovalState::Open);
            fake.mails.fails.set(Some((failing, CallErrorKind::Throttled)));
            let fault = remind(&fake, &fake.mails, &mailing(&["ada@x"]), &request("reminder")).await;
            assert_eq!(fault.unwrap_err().name, name, "{failing}");
        }
    }
}
