//! The calls about groups: each is one step, and writes all or nothing.

use sluice_aws::{ApprovalRecord, ApprovalState, CallError, Candidate, Deciding, Delivery, GROUP, Grouped, LOOK};
use sluice_workflows::AuditRecord;

use super::super::port::GroupPort;
use super::{Caller, Flaw, World, unreachable};

impl World {
    /// The newest record of an audit. Its place is all that a group compares.
    fn last_audit(&self, id: &str) -> Option<AuditRecord> {
        let mut last = None;
        for (_, kind, data) in self.audit.iter().filter(|(of, _, _)| of == id) {
            let at = "2026-11-22T10:00:00.000Z".to_owned();
            last = Some(AuditRecord::next(last.as_ref(), id, at, *kind, data.clone()));
        }
        last
    }

    /// The places of those that are not as they were read.
    fn changed(&self, group: &[Candidate], holds: impl Fn(&ApprovalRecord) -> bool) -> Vec<usize> {
        let is_same = |candidate: &Candidate| {
            self.records.get(&candidate.record.id).is_some_and(|record| {
                record.task_token == candidate.record.task_token
                    && self.last_audit(&record.id) == candidate.last
                    && holds(record)
            })
        };
        (0..group.len()).filter(|&place| !is_same(&group[place])).collect()
    }

    /// Writes a decision about all of a group, or about none.
    fn decide_group(&mut self, group: &[Candidate], deciding: &Deciding<'_>) -> Grouped {
        if let Some(change) = self.changes.take() {
            change(self);
        }
        let group = &group[..group.len().min(GROUP)];
        let refused = self.changed(group, |record| {
            record.state == ApprovalState::Open && record.expires_at_ms > deciding.now_ms
        });
        let (whole, over) = match self.flaw {
            Some(Flaw::GroupSaysWhole) => (true, false),
            Some(Flaw::GroupWritesOver) => (true, true),
            _ => (false, false),
        };
        if !refused.is_empty() && !whole {
            return Grouped::Refused(refused);
        }
        let written = group.iter().enumerate().map(|(place, candidate)| {
            let mut record = candidate.record.clone();
            record.state = ApprovalState::Decided(Box::new(deciding.decision.clone()), Delivery::Pending);
            record.batch = deciding.batch.map(str::to_owned);
            if over || !refused.contains(&place) {
                self.written.push(deciding.decision.clone());
                self.records.insert(record.id.clone(), record.clone());
            }
            let last = candidate.last.clone();
            Candidate { record, last }
        });
        Grouped::Done(written.collect())
    }

    /// Records the deliveries of a group, or none.
    fn record_group(&mut self, group: &[Candidate]) -> Grouped {
        let group = &group[..group.len().min(GROUP)];
        let refused = self.changed(
            group,
            |record| matches!(&record.state, ApprovalState::Decided(_, delivery) if *delivery != Delivery::Done),
        );
        if !refused.is_empty() {
            return Grouped::Refused(refused);
        }
        let mut done = group.to_vec();
        for candidate in &mut done {
            let token = candidate.record.task_token.reveal().to_owned();
            self.record_delivery(&candidate.record.id, &token, &Delivery::Done);
            candidate.record = self.records[&candidate.record.id].clone();
        }
        Grouped::Done(done)
    }
}

impl GroupPort for Caller<'_> {
    async fn candidates(&self, ids: &[&str]) -> Result<Vec<Candidate>, CallError> {
        assert!(ids.len() <= LOOK);
        self.call("candidates", |world| {
            let records = ids.iter().filter_map(|id| world.records.get(*id));
            let candidate = |record: &ApprovalRecord| Candidate {
                record: record.clone(),
                last: world.last_audit(&record.id),
            };
            Ok(records.map(candidate).collect())
        })
        .await
    }

    async fn decide_group(&self, group: &[Candidate], deciding: &Deciding<'_>) -> Result<Grouped, CallError> {
        self.call("decide_group", |world| Ok(world.decide_group(group, deciding)))
            .await
    }

    async fn record_group(&self, group: &[Candidate], _at_ms: i64) -> Result<Grouped, CallError> {
        self.call("record_group", |world| match world.forgets {
            true => Err(unreachable()),
            false => Ok(world.record_group(group)),
        })
        .await
    }
}
