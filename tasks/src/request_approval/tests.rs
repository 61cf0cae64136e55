use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::json;
use sluice_aws::CallErrorKind;

use super::*;
use crate::mailing::testing::{FakeMails, mailing};

const MINUTE: i64 = 60_000;
/// 2026-11-22T10:00:01Z.
const ASKED: i64 = 1_795_341_601_000;

struct Fake {
    decided: Option<Decision>,
    mailed: RefCell<BTreeSet<String>>,
    open: Cell<u64>,
    mails: FakeMails,
    opened: RefCell<Vec<String>>,
}

impl Fake {
    fn new() -> Self {
        Fake {
            decided: None,
            mailed: RefCell::default(),
            open: Cell::new(0),
            mails: FakeMails::new(6),
            opened: RefCell::default(),
        }
    }
}

impl ApprovalPort for Fake {
    async fn open(&self, opening: &Opening<'_>) -> Result<Opened, CallError> {
        let id = opening.request.approval_id();
        self.mails.step(
            "open",
            format!("{id} {} {} {}", opening.expires_at_ms, opening.now_ms, opening.summary),
        )?;
        if let Some(decision) = &self.decided {
            return Ok(Opened::AlreadyDecided(Box::new(decision.clone())));
        }
        if opening.limit > 0 && self.open.get() >= opening.limit {
            return Ok(Opened::TooMany { open: self.open.get() });
        }
        self.open.set(self.open.get() + 1);
        let mailed = self.mailed.borrow().contains(&id);
        self.opened.borrow_mut().push(id);
        Ok(Opened::Waiting {
            reopened: false,
            mailed,
        })
    }

    async fn mark_mailed(&self, id: &str) -> Result<(), CallError> {
        self.mailed.borrow_mut().insert(id.to_owned());
        self.mails.step("mark", id.to_owned())
    }

    async fn put_status(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
        let SubmissionRecord {
            id,
            status,
            submitted_at_ms,
            updated_at_ms,
            round,
            ..
        } = record;
        let what = format!("{id} {} {submitted_at_ms} {updated_at_ms} {round}", status.name());
        self.mails.step("status", what).map(|()| true)
    }

    async fn deliver(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        Ok(self
            .mails
            .step("deliver", format!("{} {}", token.reveal(), decision.decided_by))?)
    }

    async fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> Result<(), CallError> {
        self.mails.step("note", format!("{id} {} {at_ms}", token.reveal()))
    }
}

fn request() -> ApprovalRequest {
    let violation = json!({"field": "pincode", "rule": "pattern", "message": "The pincode must be 4 to 6 digits."});
    serde_json::from_value(json!({
        "taskToken": "T0KEN", "submission_id": "s-1", "round": 2, "submitted_at": "2026-11-22T10:00:00.000Z",
        "requested_at": "2026-11-22T10:00:01.000Z", "expires_at": "2026-11-29T10:00:00.000Z",
        "submission": {"user_name": "Ada", "email": "ada@b.com", "pincode": "12"}, "violations": [violation],
        "at_deadline": "reject", "open_limit": 100}))
    .unwrap()
}

async fn run(fake: &Fake, admins: &[&str]) -> Result<(), Fault> {
    ask(fake, &fake.mails, &mailing(admins), &request()).await
}

#[tokio::test]
async fn the_record_and_the_link_are_written_before_the_mail_which_alone_holds_the_secret() {
    let fake = Fake::new();
    assert_eq!(run(&fake, &["ada@x", "bob@x"]).await, Ok(()));
    let expected = [
        "open", "status", "token", "link", "publish", "audit", "link", "publish", "audit", "mark",
    ];
    assert_eq!(fake.mails.steps(), expected);
    let log = fake.mails.log.borrow();
    assert_eq!(
        log[0],
        "open s-1.2 1795946400000 1795341601000 Ada: the pincode 12 is not 4 to 6 digits"
    );
    assert_eq!(log[1], "status s-1 waiting_for_approval 1795341600000 1795341601000 2");
    assert_eq!(log[5], "audit s-1.2 mailed ada@x");
    let (links, sent) = (fake.mails.links.borrow(), fake.mails.sent.borrow());
    for (link, mail) in links.iter().zip(sent.iter()) {
        assert_eq!(link.approver, mail.to);
        assert_eq!(
            (link.purpose, link.expires_at_ms),
            (LinkPurpose::Request, 1_795_946_400_000)
        );
        let address = format!("https://approve.example/{}", link.secret);
        for line in [&address, link.code.as_ref().unwrap()] {
            assert!(mail.text.lines().any(|one| one == line), "{line} in {}", mail.text);
        }
        assert!(mail.text.contains("Then it is rejected"));
        assert!(!mail.text.contains("T0KEN") && !log.iter().any(|step| step.contains(&link.secret)));
    }
    assert_ne!(links[0].secret, links[1].secret);
    assert_ne!(links[0].code, links[1].code);
}

#[tokio::test]
async fn a_second_attempt_mails_only_what_the_first_did_not() {
    let fake = Fake::new();
    fake.mails.fails.set(Some(("publish", CallErrorKind::Unreachable)));
    assert_eq!(
        run(&fake, &["ada@x"]).await.unwrap_err().name,
        TaskError::MailUnavailable
    );
    fake.mails.fails.set(None);
    assert_eq!(run(&fake, &["ada@x"]).await, Ok(()));
    assert_eq!(fake.mails.addresses(), ["ada@x"]);
    assert_eq!(run(&fake, &["ada@x"]).await, Ok(()));
    assert_eq!(
        fake.mails.addresses(),
        ["ada@x"],
        "the third has the newer token, and the mail went out"
    );
}

#[tokio::test]
async fn a_decided_round_is_not_asked_again_but_delivered_to_the_new_token() {
    let decision = serde_json::from_value(json!({
        "decision": "approve", "decided_by": "Grace", "decided_at": "2026-11-23T10:00:00.000Z"}));
    let fake = Fake {
        decided: Some(decision.unwrap()),
        ..Fake::new()
    };
    assert_eq!(run(&fake, &["ada@x"]).await, Ok(()));
    let log = fake.mails.log.borrow();
    let expected = ["deliver T0KEN Grace", "note s-1.2 T0KEN 1795341601000"];
    assert_eq!(log[1..], expected);
}

#[tokio::test]
async fn beyond_the_limit_nobody_is_asked_and_nothing_waits() {
    let fake = Fake::new();
    fake.open.set(100);
    let fault = run(&fake, &["ada@x"]).await.unwrap_err();
    assert_eq!(fault.name, TaskError::TooManyOpenApprovals);
    assert!(fault.message.contains("100 approvals are open"), "{fault}");
    assert_eq!(fake.mails.steps(), ["open"]);
}

/// Executions that were parked under the definition before send no more than this.
#[tokio::test]
async fn a_request_of_the_definition_before_is_asked_as_well() {
    let old = json!({"taskToken": "T0KEN", "submission_id": "s-1", "round": 1, "submitted_at": "2026-11-22T10:00:00.000Z",
        "expires_at": "2026-11-29T10:00:00.000Z", "submission": {"user_name": "Ada"}, "violations": []});
    let fake = Fake::new();
    fake.open.set(1_000_000);
    let asked = ask(
        &fake,
        &fake.mails,
        &mailing(&["ada@x"]),
        &serde_json::from_value(old).unwrap(),
    )
    .await;
    assert_eq!(asked, Ok(()));
    assert!(fake.mails.sent.borrow()[0].text.contains("Then it expires"));
}

#[tokio::test]
async fn each_failure_has_its_name() {
    use CallErrorKind::{Refused, Throttled, Unreachable};
    for (failing, kind, name) in [
        ("open", Throttled, TaskError::ApprovalTableUnavailable),
        ("open", Refused, TaskError::ApprovalTableRefused),
        ("status", Throttled, TaskError::SubmissionTableUnavailable),
        ("status", Refused, TaskError::SubmissionTableRefused),
        ("token", Throttled, TaskError::ApprovalTableUnavailable),
        ("link", Throttled, TaskError::ApprovalTableUnavailable),
        ("publish", Unreachable, TaskError::MailUnavailable),
        ("publish", Refused, TaskError::MailRefused),
        ("audit", Unreachable, TaskError::ApprovalTableUnavailable),
        ("mark", Throttled, TaskError::ApprovalTableUnavailable),
    ] {
        let fake = Fake::new();
        fake.mails.fails.set(Some((failing, kind)));
        assert_eq!(run(&fake, &["ada@x"]).await.unwrap_err().name, name, "{failing}");
    }
}

/// SNS suspends a subscription that gets more than ten mails in a second, and then nobody is asked any more.
#[tokio::test]
async fn a_burst_makes_a_handful_of_mails_and_the_rest_waits_for_a_digest() {
    let fake = Fake::new();
    let mailing = mailing(&["ada@x"]);
    for number in 0..10_000_i64 {
        let mut request = request();
        request.submission_id = format!("s-{number}");
        request.open_limit = None;
        // all within ten seconds
        request.requested_at = Some(times::iso(ASKED + number));
        assert_eq!(ask(&fake, &fake.mails, &mailing, &request).await, Ok(()));
    }
    assert_eq!(fake.opened.borrow().len(), 10_000, "no request is lost");
    let sent = fake.mails.sent.borrow().len();
    assert_eq!((sent, sent + fake.mails.deferred.borrow().len()), (6, 10_000));
    let later = request();
    let later = ApprovalRequest {
        submission_id: "later".to_owned(),
        requested_at: Some(times::iso(ASKED + 10_000 + MINUTE)),
        ..later
    };
    assert_eq!(
        ask(
            &fake,
            &fake.mails,
            &mailing,
            &ApprovalRequest {
                open_limit: None,
                ..later
            }
        )
        .await,
        Ok(())
    );
    assert_eq!(
        fake.mails.sent.borrow().len(),
        7,
        "after a quiet minute mails go out at once again"
    );
}
