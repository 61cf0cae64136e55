use std::cell::{Cell, RefCell};

use serde_json::json;
use sluice_aws::{
    ApprovalRecord, ApprovalState, CallErrorKind, Link, LinkPurpose, LinkScope, OpenItem, PendingDigest, SecretHash,
    WantedMail,
};
use sluice_workflows::TaskError;

use super::*;
use crate::mailing::testing::{FakeMails, mailing};
use crate::mailing::{Recipient, TopicKind};
use crate::testing::{OPENED, record};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// A table with mails that wait, and open approvals.
struct Fake {
    pending: RefCell<PendingDigest>,
    open: RefCell<Vec<OpenItem>>,
    links: Vec<Link>,
    records: Vec<ApprovalRecord>,
    mails: FakeMails,
    fails_to_note: Cell<bool>,
}

fn item(number: u32, expires_at_ms: i64) -> OpenItem {
    let record = record(&format!("s-{number}.1"), ApprovalState::Open);
    OpenItem {
        id: record.id,
        submission_id: record.submission_id,
        submission: record.submission,
        violations: record.violations,
        submitted_at: record.submitted_at,
        expires_at: times::iso(expires_at_ms),
        expires_at_ms,
        opened_at_ms: record.opened_at_ms,
        summary: record.summary,
        mailed: false,
    }
}

impl Fake {
    fn new(requests: u64, open: u32) -> Self {
        let mut pending = PendingDigest::default();
        pending.requests = requests;
        Fake {
            pending: RefCell::new(pending),
            open: RefCell::new((0..open).map(|n| item(n, OPENED + DAY + i64::from(n))).collect()),
            links: vec![],
            records: vec![],
            mails: FakeMails::new(6),
            fails_to_note: Cell::new(false),
        }
    }

    async fn send(&self, mailing: &Mailing, at_ms: i64) -> Result<SendReport, Fault> {
        let request = SendRequest { at: times::iso(at_ms) };
        send(self, &self.mails, mailing, DecisionKind::Expire, &request).await
    }
}

impl PendingMails for Fake {
    async fn pending(&self) -> Result<PendingDigest, CallError> {
        self.mails.step("pending", String::new())?;
        Ok(self.pending.borrow().clone())
    }

    async fn open_count(&self) -> Result<u64, CallError> {
        Ok(u64::try_from(self.open.borrow().len()).unwrap())
    }

    async fn first_open(&self, limit: usize) -> Result<Vec<OpenItem>, CallError> {
        Ok(self.open.borrow().iter().take(limit).cloned().collect())
    }

    async fn digest_sent(&self, pending: &PendingDigest, at_ms: i64) -> Result<(), CallError> {
        self.mails.step("note", at_ms.to_string())?;
        if self.fails_to_note.take() {
            return Err(CallError {
                action: "dynamodb:UpdateItem",
                kind: CallErrorKind::Unreachable,
                message: "gone".to_owned(),
            });
        }
        let mut held = self.pending.borrow_mut();
        held.requests -= pending.requests;
        held.reminders -= pending.reminders;
        held.escalations -= pending.escalations;
        held.last_sent_ms = Some(at_ms);
        Ok(())
    }

    async fn link(&self, hash: &SecretHash) -> Result<Option<Link>, CallError> {
        Ok(self.links.iter().find(|link| link.hash == *hash).cloned())
    }

    async fn record(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        Ok(self.records.iter().find(|record| record.id == id).cloned())
    }

    async fn mail_sent(&self, wanted: &WantedMail) -> Result<(), CallError> {
        self.pending.borrow_mut().wanted.retain(|one| one != wanted);
        self.mails.step("sent", String::new())
    }

    async fn withdraw(&self, id: &str, _now_ms: i64) -> Result<Withdrawal, CallError> {
        self.open.borrow_mut().retain(|item| item.id != id);
        self.mails.step("withdraw", id.to_owned()).map(|()| Withdrawal::Now)
    }
}

fn report(digest: bool, replacements: u64) -> SendReport {
    SendReport {
        digest,
        replacements,
        withdrawn: 0,
    }
}

#[tokio::test]
async fn a_minute_has_one_digest_to_each_admin_with_a_link_to_everything_for_a_day() {
    let fake = Fake::new(9_994, 10_000);
    let mailing = mailing(&["ada@x", "bob@x"]);
    assert_eq!(fake.send(&mailing, OPENED).await, Ok(report(true, 0)));
    assert_eq!(fake.mails.addresses(), ["ada@x", "bob@x"]);
    for (link, mail) in fake.mails.links.borrow().iter().zip(fake.mails.sent.borrow().iter()) {
        assert_eq!((&link.scope, link.purpose), (&LinkScope::AllOpen, LinkPurpose::Digest));
        assert_eq!((link.expires_at_ms, &link.approver), (OPENED + DAY, &mail.to));
        assert!(mail.text.contains(&link.secret) && mail.text.contains(link.code.as_deref().unwrap()));
        assert!(
            mail.subject.starts_with("Approve? 10000 requests wait"),
            "{}",
            mail.subject
        );
        assert!(mail.text.contains("9994 are new since the last mail") && mail.text.contains("and 9990 more"));
    }
    let audit = fake
        .mails
        .log
        .borrow()
        .iter()
        .filter(|step| step.starts_with("audit list#"))
        .count();
    assert_eq!(audit, 2);

    // what came since waits for the next minute, even if the schedule calls twice
    fake.pending.borrow_mut().requests = 1;
    assert_eq!(fake.send(&mailing, OPENED).await, Ok(report(false, 0)));
    assert_eq!(fake.send(&mailing, OPENED + MINUTE - 1000).await, Ok(report(true, 0)));
    assert_eq!(fake.send(&mailing, OPENED + 2 * MINUTE).await, Ok(report(false, 0)));
    assert_eq!(fake.mails.sent.borrow().len(), 4);
}

#[tokio::test]
async fn a_digest_that_was_not_noted_goes_out_again() {
    let fake = Fake::new(3, 3);
    fake.fails_to_note.set(true);
    let fault = fake.send(&mailing(&["ada@x"]), OPENED).await.unwrap_err();
    assert_eq!(fault.name, TaskError::ApprovalTableUnavailable);
    assert_eq!(
        fake.send(&mailing(&["ada@x"]), OPENED + MINUTE).await,
        Ok(report(true, 0))
    );
    assert_eq!(fake.mails.sent.borrow().len(), 2);
    fake.mails.fails.set(Some(("publish", CallErrorKind::Throttled)));
    fake.pending.borrow_mut().reminders = 1;
    let fault = fake.send(&mailing(&["ada@x"]), OPENED + 2 * MINUTE).await.unwrap_err();
    assert_eq!(
        (fault.name, fake.pending.borrow().reminders),
        (TaskError::MailUnavailable, 1)
    );
}

#[tokio::test]
async fn what_was_decided_meanwhile_needs_no_digest() {
    let fake = Fake::new(3, 0);
    assert_eq!(fake.send(&mailing(&["ada@x"]), OPENED).await, Ok(report(false, 0)));
    assert_eq!((fake.mails.sent.borrow().len(), fake.pending.borrow().requests), (0, 0));
}

#[tokio::test]
async fn an_escalation_in_a_digest_reaches_those_who_hear_of_it() {
    let fake = Fake::new(0, 2);
    fake.pending.borrow_mut().escalations = 2;
    let boss = Recipient {
        address: "boss@x".to_owned(),
        topic: TopicKind::Escalation,
    };
    let mailing = Mailing {
        escalation: Some(boss),
        ..mailing(&["ada@x"])
    };
    assert_eq!(fake.send(&mailing, OPENED).await, Ok(report(true, 0)));
    assert_eq!(fake.mails.addresses(), ["ada@x", "boss@x"]);
    assert!(fake.mails.sent.borrow()[1].text.contains("2 are about to expire"));
}

fn link(secret: &str, scope: LinkScope, approver: &str) -> Link {
    Link {
        hash: SecretHash::from_table(secret),
        scope,
        approver: approver.to_owned(),
        purpose: LinkPurpose::Request,
        issued_at_ms: OPENED,
        expires_at_ms: OPENED + DAY,
        has_code: true,
        wrong: 5,
        replaced: true,
    }
}

#[tokio::test]
async fn a_link_that_does_not_work_is_replaced_for_whom_it_was() {
    let one = || LinkScope::Approval("s-1.1".to_owned());
    let wanted = |hash: &str| WantedMail::Link(SecretHash::from_table(hash));
    let decision = serde_json::from_value(json!({"decision": "approve", "decided_by": "a", "decided_at": "t"}));
    let decided = ApprovalState::Decided(Box::new(decision.unwrap()), sluice_aws::Delivery::Done);
    for (wanted, state, addresses, begins) in [
        (wanted("bobs"), ApprovalState::Open, vec!["bob@x"], "New link: Ananya"),
        (
            wanted("all"),
            ApprovalState::Open,
            vec!["ada@x"],
            "New link: 3 requests wait",
        ),
        (
            WantedMail::Approval("s-1.1".to_owned()),
            ApprovalState::Open,
            vec!["ada@x", "bob@x"],
            "New link: Ananya",
        ),
        (wanted("bobs"), decided, vec![], ""),
        (wanted("bobs"), ApprovalState::Withdrawn, vec![], ""),
        (wanted("eves"), ApprovalState::Open, vec![], ""),
        (wanted("nobodys"), ApprovalState::Open, vec![], ""),
    ] {
        let fake = Fake {
            links: vec![
                link("bobs", one(), "bob@x"),
                link("all", LinkScope::AllOpen, "ada@x"),
                link("eves", one(), "eve@x"),
            ],
            records: vec![record("s-1.1", state)],
            ..Fake::new(0, 3)
        };
        fake.pending.borrow_mut().wanted = vec![wanted];
        assert_eq!(
            fake.send(&mailing(&["ada@x", "bob@x"]), OPENED).await,
            Ok(report(false, 1))
        );
        assert_eq!(fake.mails.addresses(), addresses);
        assert!(
            fake.mails
                .sent
                .borrow()
                .iter()
                .all(|mail| mail.subject.starts_with(begins))
        );
        assert!(
            fake.mails
                .links
                .borrow()
                .iter()
                .all(|link| link.purpose == LinkPurpose::Replacement)
        );
        assert!(fake.pending.borrow().wanted.is_empty());
    }
}

#[tokio::test]
async fn replacements_keep_to_the_budget_and_none_is_lost() {
    let fake = Fake {
        records: vec![record("s-1.1", ApprovalState::Open)],
        ..Fake::new(0, 3)
    };
    fake.pending.borrow_mut().wanted = vec![WantedMail::Approval("s-1.1".to_owned()); 8];
    // the fake keeps equal ones apart only by number
    let all = fake.pending.borrow().wanted.clone();
    let outbox = |now_ms| replacements::Outbox {
        port: &fake,
        mails: &fake.mails,
        mailing: &ADMIN,
        at_deadline: DecisionKind::Expire,
        now_ms,
    };
    assert_eq!(outbox(OPENED).send_all(&all).await, Ok(6));
    assert_eq!(outbox(OPENED + MINUTE).send_all(&all[6..]).await, Ok(2));
    assert_eq!(fake.mails.sent.borrow().len(), 8);
}

static ADMIN: std::sync::LazyLock<Mailing> = std::sync::LazyLock::new(|| mailing(&["ada@x"]));

#[tokio::test]
async fn what_nobody_has_waited_for_since_a_day_leaves_the_list() {
    let fake = Fake::new(0, 0);
    let expired = |days: i64| OPENED - days * DAY;
    *fake.open.borrow_mut() = vec![
        item(1, expired(3)),
        item(2, expired(1) - 1),
        item(3, expired(1) + 1),
        item(4, expired(-1)),
    ];
    let sent = fake.send(&mailing(&["ada@x"]), OPENED).await.unwrap();
    assert_eq!(sent.withdrawn, 2);
    let left: Vec<_> = fake.open.borrow().iter().map(|item| item.id.clone()).collect();
    assert_eq!(left, ["s-3.1", "s-4.1"]);
}
