//! Mails that only remember, for the tests of the functions that send some.

use std::cell::{Cell, RefCell};

use sluice_aws::{CallError, CallErrorKind, Fault, LinkPurpose, LinkScope, NewLink};
use sluice_workflows::{AuditData, AuditKind};

use super::{Mailing, Mails, RANDOM_BYTES, Recipient, TopicKind};

/// A mail that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) to: String,
    pub(crate) topic: TopicKind,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) at_ms: i64,
}

/// A link that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) secret: String,
    pub(crate) code: Option<String>,
    pub(crate) scope: LinkScope,
    pub(crate) approver: String,
    pub(crate) purpose: LinkPurpose,
    pub(crate) expires_at_ms: i64,
}

/// A bucket of mails, and what came of everything.
#[derive(Debug)]
pub(crate) struct FakeMails {
    /// The mails a minute; so many at once after a quiet one.
    pub(crate) per_minute: i64,
    parts: Cell<i64>,
    refilled_at_ms: Cell<i64>,
    random: Cell<u8>,
    now_ms: Cell<i64>,
    pub(crate) fails: Cell<Option<(&'static str, CallErrorKind)>>,
    pub(crate) log: RefCell<Vec<String>>,
    pub(crate) sent: RefCell<Vec<Sent>>,
    pub(crate) links: RefCell<Vec<Written>>,
    pub(crate) deferred: RefCell<Vec<(String, LinkPurpose)>>,
}

impl FakeMails {
    pub(crate) fn new(per_minute: i64) -> Self {
        FakeMails {
            per_minute,
            parts: Cell::new(per_minute * 60_000),
            refilled_at_ms: Cell::new(0),
            random: Cell::new(0),
            now_ms: Cell::new(0),
            fails: Cell::new(None),
            log: RefCell::default(),
            sent: RefCell::default(),
            links: RefCell::default(),
            deferred: RefCell::default(),
        }
    }

    /// Takes a step, which fails if it is the one that is to.
    pub(crate) fn step(&self, action: &'static str, what: String) -> Result<(), CallError> {
        self.log.borrow_mut().push(format!("{action} {what}"));
        match self.fails.get() {
            Some((failing, kind)) if failing == action => Err(CallError {
                action,
                kind,
                message: "no".to_owned(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The first words of each step.
    pub(crate) fn steps(&self) -> Vec<String> {
        let first = |step: &String| step.split(' ').next().unwrap_or_default().to_owned();
        self.log.borrow().iter().map(first).collect()
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.sent.borrow().iter().map(|mail| mail.to.clone()).collect()
    }
}

impl Mails for FakeMails {
    async fn take_token(&self, now_ms: i64) -> Result<bool, CallError> {
        self.step("token", now_ms.to_string())?;
        self.now_ms.set(now_ms);
        let passed = (now_ms - self.refilled_at_ms.get()).max(0);
        self.refilled_at_ms.set(self.refilled_at_ms.get().max(now_ms));
        let parts = (self.parts.get() + passed.saturating_mul(self.per_minute)).min(self.per_minute * 60_000);
        let taken = parts >= 60_000;
        self.parts.set(if taken { parts - 60_000 } else { parts });
        Ok(taken)
    }

    async fn defer(&self, id: &str, purpose: LinkPurpose, _now_ms: i64) -> Result<(), CallError> {
        self.step("defer", format!("{id} {}", purpose.as_str()))?;
        self.deferred.borrow_mut().push((id.to_owned(), purpose));
        Ok(())
    }

    async fn put_link(&self, link: &NewLink<'_>) -> Result<(), CallError> {
        self.step("link", link.approver.to_owned())?;
        self.now_ms.set(link.issued_at_ms);
        self.links.borrow_mut().push(Written {
            secret: link.secret.reveal().to_owned(),
            code: link.code.map(|code| code.reveal().to_owned()),
            scope: link.scope.clone(),
            approver: link.approver.to_owned(),
            purpose: link.purpose,
            expires_at_ms: link.expires_at_ms,
        });
        Ok(())
    }

    async fn publish(&self, to: &Recipient, subject: &str, text: &str) -> Result<(), CallError> {
        self.step("publish", to.address.clone())?;
        self.sent.borrow_mut().push(Sent {
            to: to.address.clone(),
            topic: to.topic,
            subject: subject.to_owned(),
            text: text.to_owned(),
            at_ms: self.now_ms.get(),
        });
        Ok(())
    }

    async fn audit(&self, id: &str, _at_ms: i64, kind: AuditKind, data: AuditData) -> Result<(), CallError> {
        let to = data.get("to").and_then(|to| to.as_str()).unwrap_or_default();
        self.step("audit", format!("{id} {} {to}", kind.as_str()))
    }

    fn random(&self) -> Result<[u8; RANDOM_BYTES], Fault> {
        self.random.set(self.random.get().wrapping_add(1));
        Ok([self.random.get(); RANDOM_BYTES])
    }
}

/// Settings with these admins.
pub(crate) fn mailing(admins: &[&str]) -> Mailing {
    let recipient = |address: &&str| Recipient {
        address: (*address).to_owned(),
        topic: TopicKind::Admins,
    };
    Mailing {
        approval_url: "https://approve.example/".to_owned(),
        admins: admins.iter().map(recipient).collect(),
        escalation: None,
        with_code: true,
    }
}
