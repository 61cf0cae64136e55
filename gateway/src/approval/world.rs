//! The tables and the workflow as the functions see them, in memory: each call is one step, as it is on AWS.

mod group;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::Poll;

use serde_json::json;
use sluice_aws::{
    ApprovalRecord, ApprovalState, Batch, BatchSlice, CallError, CallErrorKind, Code, CodeCheck, Decided, Deciding,
    DeliverError, Delivery, Link, LinkPurpose, LinkScope, NewLink, OpenCursor, OpenItem, OpenKey, OpenPage, Secret,
    SliceCounts, StartError, Wanted, WantedMail, shard,
};
use sluice_workflows::{AuditData, AuditKind, AuditRecord, AuditTrail, Decision, TaskToken};

use super::port::{BatchPort, DecisionPort, LinkPort, ListPort, SlicePort, StartPort};

pub(super) const NOW: i64 = 1_795_341_600_000;
pub(super) const DAY: i64 = 86_400_000;

/// A way in which a store can be wrong: the explorer must find each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A decision is written whatever was decided before.
    DecidesTwice,
    /// The deadline writes over a decision.
    ClosesOver,
    /// CloseApproval answers the deadline's decision, whichever stands.
    ClosesDeaf,
    /// The workflow takes a decision for a token whose task is over.
    HearsTwice,
    /// A group is written over what others wrote since it was read.
    GroupWritesOver,
    /// A group of which one is refused is written but for that one, and said to be written whole.
    GroupSaysWhole,
}

/// The workflow that waits for a decision.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Flow {
    /// For this token.
    Waiting(String),
    /// Its time is over: it calls CloseApproval.
    TimedOut,
    /// It goes on.
    GoesOn,
}

/// The state of everything.
#[derive(Debug)]
pub(super) struct World {
    pub(super) now_ms: i64,
    pub(super) records: BTreeMap<String, ApprovalRecord>,
    /// Links by the text of their secret, with their code.
    pub(super) links: BTreeMap<String, (Link, Option<String>)>,
    pub(super) wanted: Vec<WantedMail>,
    pub(super) batches: BTreeMap<String, Batch>,
    pub(super) started: Vec<String>,
    pub(super) flow: Flow,
    /// The tokens of other workflows, each of which waits for one decision.
    pub(super) others: BTreeSet<String>,
    /// The decisions that the workflow heard, by token; "close" from CloseApproval.
    pub(super) heard: Vec<(String, Decision)>,
    /// All decisions that were ever written.
    pub(super) written: Vec<Decision>,
    /// The refusals of Step Functions to the next deliveries; nothing left means that the flow decides.
    pub(super) refusals: Vec<DeliverError>,
    /// A write by others while Step Functions refuses a delivery.
    pub(super) meanwhile: Option<fn(&mut ApprovalRecord)>,
    /// A newer token that comes in before the next record of a delivery.
    pub(super) renews: Option<&'static str>,
    /// A write by others between the read of a group and its write.
    pub(super) changes: Option<fn(&mut World)>,
    /// True while deliveries of groups cannot be recorded.
    pub(super) forgets: bool,
    pub(super) audit: Vec<(String, AuditKind, AuditData)>,
    pub(super) flaw: Option<Flaw>,
    secrets: u8,
    /// True while an actor may make its next call: one, also if several are under way.
    pub(super) turn: bool,
    /// A digest of what each actor has seen: its own state follows from it.
    pub(super) seen: BTreeMap<usize, u64>,
}

/// The secret and the code of the mail about [`record`].
pub(super) const SECRET: [u8; 32] = [9; 32];
pub(super) const CODE: &str = "ABC234";

/// An approval that is open.
pub(super) fn record(id: &str) -> ApprovalRecord {
    ApprovalRecord {
        id: id.to_owned(),
        submission_id: id.trim_end_matches(".1").to_owned(),
        submission: serde_json::from_value(json!({"user_name": "<b>Ada</b>", "email": "a@b.com", "pincode": "12"}))
            .unwrap(),
        violations: serde_json::from_value(
            json!([{"field": "pincode", "rule": "pattern", "message": "Pincode wrong."}]),
        )
        .unwrap(),
        submitted_at: "2026-11-22T09:00:00.000Z".to_owned(),
        expires_at: "2026-11-28T10:00:00.000Z".to_owned(),
        expires_at_ms: NOW + 6 * DAY,
        opened_at_ms: NOW - DAY,
        summary: format!("Ada of {id}: the pincode 12 is too short"),
        mailed: true,
        listed: true,
        batch: None,
        secret_hashes: vec![Secret::from_bytes([1; 32]).hash()],
        task_token: TaskToken::new("T0KEN".to_owned()),
        redelivered: false,
        state: ApprovalState::Open,
    }
}

impl World {
    /// One open approval, a link to it, and a workflow that waits for it.
    pub(super) fn new() -> RefCell<World> {
        let mut world = World {
            now_ms: NOW,
            records: BTreeMap::from([("s-1.1".to_owned(), record("s-1.1"))]),
            links: BTreeMap::new(),
            wanted: Vec::new(),
            batches: BTreeMap::new(),
            started: Vec::new(),
            flow: Flow::Waiting("T0KEN".to_owned()),
            others: BTreeSet::new(),
            heard: Vec::new(),
            written: Vec::new(),
            refusals: Vec::new(),
            meanwhile: None,
            renews: None,
            changes: None,
            forgets: false,
            audit: Vec::new(),
            flaw: None,
            secrets: 100,
            turn: false,
            seen: BTreeMap::new(),
        };
        world.add_link(
            SECRET,
            LinkScope::Approval("s-1.1".to_owned()),
            Some(CODE),
            "grace@example.com",
        );
        RefCell::new(world)
    }

    pub(super) fn add_link(&mut self, secret: [u8; 32], scope: LinkScope, code: Option<&str>, approver: &str) {
        let secret = Secret::from_bytes(secret);
        let link = Link {
            hash: secret.hash(),
            scope,
            approver: approver.to_owned(),
            purpose: LinkPurpose::Request,
            issued_at_ms: NOW - DAY,
            expires_at_ms: NOW + 6 * DAY,
            has_code: code.is_some(),
            wrong: 0,
            replaced: false,
        };
        self.links
            .insert(secret.reveal().to_owned(), (link, code.map(str::to_owned)));
    }

    fn item(record: &ApprovalRecord) -> OpenItem {
        let record = record.clone();
        OpenItem {
            id: record.id,
            submission_id: record.submission_id,
            submission: record.submission,
            violations: record.violations,
            submitted_at: record.submitted_at,
            expires_at: record.expires_at,
            expires_at_ms: record.expires_at_ms,
            opened_at_ms: record.opened_at_ms,
            summary: record.summary,
            mailed: record.mailed,
        }
    }

    pub(super) fn open(&self) -> Vec<OpenItem> {
        let open = self
            .records
            .values()
            .filter(|record| record.state == ApprovalState::Open);
        let mut items: Vec<_> = open.map(World::item).collect();
        items.sort_by_key(|item| (item.expires_at_ms, item.id.clone()));
        items
    }

    /// Writes a decision if none stands; before the deadline only, if asked so.
    pub(super) fn decide(&mut self, id: &str, deciding: &Deciding<'_>, before_deadline: bool) -> Decided {
        let flaw = self.flaw;
        let Some(record) = self.records.get_mut(id) else {
            return Decided::Missing;
        };
        let over = match (flaw, before_deadline) {
            (Some(Flaw::DecidesTwice), true) | (Some(Flaw::ClosesOver), false) => true,
            _ => record.state == ApprovalState::Open,
        };
        if !over || (before_deadline && record.expires_at_ms <= deciding.now_ms) {
            return Decided::NotOpen(Box::new(record.clone()));
        }
        record.state = ApprovalState::Decided(Box::new(deciding.decision.clone()), Delivery::Pending);
        record.batch = deciding.batch.map(str::to_owned);
        self.written.push(deciding.decision.clone());
        Decided::Now(Box::new(record.clone()))
    }

    /// Opens again with a newer token: the decision that stands, if one does.
    pub(super) fn renew(&mut self, id: &str, token: &str) -> Option<Decision> {
        let record = self.records.get_mut(id)?;
        record.task_token = TaskToken::new(token.to_owned());
        let ApprovalState::Decided(decision, delivery) = &mut record.state else {
            return None;
        };
        record.redelivered = false;
        *delivery = Delivery::Pending;
        Some((**decision).clone())
    }

    pub(super) fn send(&mut self, token: &str, decision: &Decision) -> Result<(), DeliverError> {
        if let Some(error) = self.refusals.pop() {
            if let (Some(write), Some(record)) = (self.meanwhile.take(), self.records.values_mut().next()) {
                write(record);
            }
            return Err(error);
        }
        if self.others.remove(token) {
            self.heard.push((token.to_owned(), decision.clone()));
            return Ok(());
        }
        if self.flow != Flow::Waiting(token.to_owned()) && self.flaw != Some(Flaw::HearsTwice) {
            return Err(DeliverError::TaskOver);
        }
        self.heard.push((token.to_owned(), decision.clone()));
        self.flow = Flow::GoesOn;
        Ok(())
    }

    pub(super) fn record_delivery(&mut self, id: &str, token: &str, how: &Delivery) -> bool {
        let renewed = self.renews.take();
        let Some(record) = self.records.get_mut(id) else {
            return false;
        };
        if let Some(newer) = renewed {
            record.task_token = TaskToken::new(newer.to_owned());
            record.redelivered = false;
            self.flow = Flow::Waiting(newer.to_owned());
        }
        if record.task_token.reveal() != token {
            return false;
        }
        let ApprovalState::Decided(_, delivery) = &mut record.state else {
            return false;
        };
        if *delivery == Delivery::Done {
            return *how == Delivery::Done;
        }
        *delivery = how.clone();
        true
    }

    fn announce(&mut self, id: &str, token: &str) -> bool {
        let Some(record) = self.records.get_mut(id) else {
            return false;
        };
        let under_way = matches!(record.state, ApprovalState::Decided(_, Delivery::Pending));
        let announced = under_way && record.task_token.reveal() == token;
        record.redelivered |= announced;
        announced
    }

    fn check_code(&mut self, secret: &str, code: Option<&Code>, now_ms: i64) -> CodeCheck {
        let Some((link, right)) = self.links.get_mut(secret).filter(|(link, _)| !link.is_expired(now_ms)) else {
            return CodeCheck::Unknown;
        };
        let Some(right) = right else {
            return CodeCheck::Right(Box::new(link.clone()));
        };
        if link.is_locked() {
            return CodeCheck::Locked;
        }
        let Some(code) = code else { return CodeCheck::Missing };
        if code.reveal() == right {
            link.wrong = 0;
            return CodeCheck::Right(Box::new(link.clone()));
        }
        link.wrong += 1;
        match 5 - link.wrong {
            0 => CodeCheck::LockedNow,
            left => CodeCheck::Wrong { left },
        }
    }
}

/// A caller of the world. An actor of the explorer waits for its turn before each call; without one nobody waits.
#[derive(Clone, Copy)]
pub(super) struct Caller<'w> {
    pub(super) world: &'w RefCell<World>,
    pub(super) actor: Option<usize>,
}

impl Caller<'_> {
    /// One call: it waits for its turn, and what it answers is all that the actor learns.
    pub(super) async fn call<T: std::fmt::Debug>(&self, name: &str, call: impl FnOnce(&mut World) -> T) -> T {
        poll_fn(|context| {
            if self.actor.is_none() || std::mem::take(&mut self.world.borrow_mut().turn) {
                Poll::Ready(())
            } else {
                // of several calls at once, each is asked again
                context.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
        let world = &mut *self.world.borrow_mut();
        let answer = call(world);
        if let Some(actor) = self.actor {
            use std::hash::{DefaultHasher, Hash as _, Hasher as _};
            let mut hasher = DefaultHasher::new();
            (world.seen.get(&actor), name, format!("{answer:?}")).hash(&mut hasher);
            world.seen.insert(actor, hasher.finish());
        }
        answer
    }
}

impl DecisionPort for Caller<'_> {
    async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        self.call("get", |world| Ok(world.records.get(id).cloned())).await
    }

    async fn decide(&self, id: &str, deciding: &Deciding<'_>) -> Result<Decided, CallError> {
        self.call("decide", |world| Ok(world.decide(id, deciding, true))).await
    }

    async fn send(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        self.call("send", |world| world.send(token.reveal(), decision)).await
    }

    async fn announce_redelivery(&self, id: &str, token: &TaskToken) -> Result<bool, CallError> {
        self.call("announce", |world| Ok(world.announce(id, token.reveal())))
            .await
    }

    async fn record_delivery(
        &self,
        id: &str,
        token: &TaskToken,
        _at_ms: i64,
        how: &Delivery,
    ) -> Result<bool, CallError> {
        self.call("record", |world| Ok(world.record_delivery(id, token.reveal(), how)))
            .await
    }
}

impl LinkPort for Caller<'_> {
    // Links and codes are no steps of their own: no decision changes a link that works.
    async fn link(&self, secret: &Secret) -> Result<Option<Link>, CallError> {
        Ok(self
            .world
            .borrow()
            .links
            .get(secret.reveal())
            .map(|(link, _)| link.clone()))
    }

    async fn check_code(&self, secret: &Secret, code: Option<&Code>, now_ms: i64) -> Result<CodeCheck, CallError> {
        Ok(self.world.borrow_mut().check_code(secret.reveal(), code, now_ms))
    }

    async fn put_link(&self, new: &NewLink<'_>) -> Result<(), CallError> {
        let world = &mut *self.world.borrow_mut();
        let link = Link {
            hash: new.secret.hash(),
            scope: new.scope.clone(),
            approver: new.approver.to_owned(),
            purpose: new.purpose,
            issued_at_ms: new.issued_at_ms,
            expires_at_ms: new.expires_at_ms,
            has_code: new.code.is_some(),
            wrong: 0,
            replaced: false,
        };
        let code = new.code.map(|code| code.reveal().to_owned());
        world.links.insert(new.secret.reveal().to_owned(), (link, code));
        Ok(())
    }

    async fn want_mail(&self, mail: &WantedMail) -> Result<Wanted, CallError> {
        let world = &mut *self.world.borrow_mut();
        if world.wanted.contains(mail) {
            return Ok(Wanted::Before);
        }
        world.wanted.push(mail.clone());
        Ok(Wanted::Noted)
    }

    /// No step of its own: nothing depends on its order.
    async fn audit(&self, id: &str, _at_ms: i64, kind: AuditKind, data: AuditData) -> Result<(), CallError> {
        self.world.borrow_mut().audit.push((id.to_owned(), kind, data));
        Ok(())
    }

    async fn audit_trail(&self, id: &str) -> Result<AuditTrail, CallError> {
        let mut records: Vec<AuditRecord> = Vec::new();
        for (of, kind, data) in &self.world.borrow().audit {
            if of == id {
                let at = "2026-11-22T10:00:00.000Z".to_owned();
                records.push(AuditRecord::next(records.last(), id, at, *kind, data.clone()));
            }
        }
        Ok(AuditTrail {
            approval_id: id.to_owned(),
            records,
            fetches_counted: 0,
        })
    }

    fn fresh_secret(&self) -> Result<Secret, CallError> {
        let world = &mut *self.world.borrow_mut();
        world.secrets += 1;
        Ok(Secret::from_bytes([world.secrets; 32]))
    }

    fn fresh_code(&self) -> Result<Code, CallError> {
        Ok(Code::from_bytes([7; 6]))
    }
}

impl ListPort for Caller<'_> {
    async fn open_count(&self) -> Result<u64, CallError> {
        Ok(self.world.borrow().open().len() as u64)
    }

    async fn open_list(&self, _after: Option<&OpenCursor>, limit: usize) -> Result<OpenPage, CallError> {
        let mut items = self.world.borrow().open();
        items.truncate(limit);
        Ok(OpenPage { items, next: None })
    }
}

impl BatchPort for Caller<'_> {
    async fn batch(&self, id: &str) -> Result<Option<Batch>, CallError> {
        self.call("batch", |world| Ok(world.batches.get(id).cloned())).await
    }
}

impl StartPort for Caller<'_> {
    async fn create_batch(&self, batch: &Batch) -> Result<bool, CallError> {
        self.call("create_batch", |world| {
            let is_new = !world.batches.contains_key(&batch.id);
            world.batches.entry(batch.id.clone()).or_insert_with(|| batch.clone());
            Ok(is_new)
        })
        .await
    }

    async fn start_batch(&self, id: &str) -> Result<(), StartError> {
        self.call("start_batch", |world| {
            if world.started.iter().any(|started| started == id) {
                return Err(StartError::NameTaken);
            }
            world.started.push(id.to_owned());
            Ok(())
        })
        .await
    }
}

impl SlicePort for Caller<'_> {
    async fn open_shard_page(
        &self,
        of: usize,
        after: Option<&OpenKey>,
        limit: usize,
    ) -> Result<(Vec<OpenItem>, Option<OpenKey>), CallError> {
        self.call("open_shard_page", |world| {
            let place = |key: &OpenKey| serde_json::from_value::<(i64, String)>(json!(key)).unwrap();
            let behind = |item: &OpenItem| after.is_none_or(|key| place(&item.key()) > place(key));
            let mut items: Vec<_> = world
                .open()
                .into_iter()
                .filter(|item| shard(&item.id) == of && behind(item))
                .collect();
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().map(OpenItem::key).filter(|_| more);
            Ok((items, next))
        })
        .await
    }

    async fn plan_slice(&self, batch: &Batch, slice: BatchSlice) -> Result<Batch, CallError> {
        self.call("plan_slice", |world| {
            let held = world.batches.get_mut(&batch.id).expect("it is there");
            if held == batch {
                held.slice = Some(slice);
            }
            Ok(held.clone())
        })
        .await
    }

    async fn finish_slice(&self, batch: &Batch, counts: SliceCounts) -> Result<Batch, CallError> {
        self.call("finish_slice", |world| {
            let held = world.batches.get_mut(&batch.id).expect("it is there");
            if held == batch
                && let Some(slice) = held.slice.take()
            {
                held.slices += 1;
                held.done = slice.next.is_none();
                held.cursor = slice.next;
                held.counts.decided += counts.decided;
                held.counts.passed += counts.passed;
                held.counts.failed += counts.failed;
            }
            Ok(held.clone())
        })
        .await
    }
}

/// Step Functions does not answer.
pub(super) fn unreachable() -> CallError {
    CallError {
        action: "states:SendTaskSuccess",
        kind: CallErrorKind::Unreachable,
        message: "no".to_owned(),
    }
}
