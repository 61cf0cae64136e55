//! Many decisions at once: their records by one read, their writes by one transaction.
//!
//! Each decision of a group has the conditions that it has alone, and the transaction is written whole or not at all. So if
//! one of them does not hold, nothing is written, and the places of those that were refused are known.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use sluice_workflows::{AuditData, AuditKind, AuditRecord};

use super::audit;
use super::counters::{Wanted, keys_of};
use super::deciding::Deciding;
use super::item::{Item, json, number, text, time};
use super::record::{ApprovalRecord, ApprovalState, Delivery, read};
use super::table::{Approvals, UPDATE, shard};
use super::transaction::{Transacted, transact};
use crate::call::CallError;

/// The most decisions of a transaction, each with a record and one of its audit: with the counter of their shard 99 of the hundred
/// items that it may have.
pub const GROUP: usize = 49;

const MOST_ITEMS: usize = 100;

/// The first records of an audit that are read unseen, to find its end: who was opened, mailed and reminded has three. The end of
/// a longer one is asked for.
const PROBED: u64 = 4;

/// The approvals that are read at once, each with the first records of its audit: the hundred keys of a read.
pub const LOOK: usize = 20;

/// The bytes of a transaction's items; DynamoDB takes 4 MB.
const MOST_BYTES: usize = 3_000_000;

/// More than the names, the times and the ids of a record, of its audit's record and of both writes.
const FRAME_BYTES: usize = 4096;

/// An approval as it was read, and the end of its audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The approval.
    pub record: ApprovalRecord,
    /// The newest record of its audit, if there is one.
    pub last: Option<AuditRecord>,
}

/// The result of a group's write.
#[derive(Debug, Clone, PartialEq)]
pub enum Grouped {
    /// It was written for the first of the group, as many as one transaction takes; these, as they are then. Never none.
    Done(Vec<Candidate>),
    /// Nothing was written: those at these places have changed since they were read.
    Refused(Vec<usize>),
}

impl Approvals {
    /// Reads up to [`LOOK`] approvals, as last written, and the ends of their audits. Those that are there, in any order; no id may
    /// be there twice.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or a row cannot be read.
    pub async fn candidates(&self, ids: &[&str]) -> Result<Vec<Candidate>, CallError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let records = ids.iter().map(|id| Item::from([("id".to_owned(), text(id))]));
        let audits = ids.iter().flat_map(|id| {
            (1..=PROBED).map(|seq| {
                let seq = number(i64::try_from(seq).unwrap_or(i64::MAX));
                Item::from([("approval_id".to_owned(), text(id)), ("seq".to_owned(), seq)])
            })
        });
        let wanted = Wanted::from([
            (self.table.clone(), keys_of(records.collect(), true)?),
            (self.audit_table.clone(), keys_of(audits.collect(), true)?),
        ]);
        let mut found = self.batch_get(wanted).await?;
        let mut chains: HashMap<String, Vec<AuditRecord>> = HashMap::new();
        for row in found.remove(&self.audit_table).unwrap_or_default() {
            let record = audit::read(&row)?;
            chains.entry(record.approval_id.clone()).or_default().push(record);
        }
        let mut candidates = Vec::new();
        for row in found.remove(&self.table).unwrap_or_default() {
            let record = read(&row)?;
            let chain = chains.remove(&record.id).unwrap_or_default();
            let last = match end(chain) {
                End::Known(last) => last,
                End::Beyond => self.last_audit(&record.id).await?,
            };
            candidates.push(Candidate { record, last });
        }
        Ok(candidates)
    }

    /// Writes one decision about the first of these open approvals, as many as fit, each under the conditions of
    /// [`Approvals::decide`].
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer. The decisions may then have been written.
    pub async fn decide_group(&self, group: &[Candidate], deciding: &Deciding<'_>) -> Result<Grouped, CallError> {
        let mut writes = GroupWrites::default();
        // those of one shard have one counter; for others there is room, too
        let mut closed: BTreeMap<usize, (&str, i64)> = BTreeMap::new();
        for candidate in group {
            let (items, record, audit) = self.decision_writes(&candidate.record, candidate.last.as_ref(), deciding)?;
            let id = candidate.record.id.as_str();
            let shard = shard(id);
            let counters = closed.len() + usize::from(candidate.record.listed && !closed.contains_key(&shard));
            if !writes.add(items, record, audit, counters) {
                break;
            }
            if candidate.record.listed {
                closed.entry(shard).or_insert((id, 0)).1 -= 1;
            }
        }
        for (id, change) in closed.into_values() {
            writes.items.push(self.counter_write(id, change)?);
        }
        writes.send(self).await
    }

    /// Records that the workflows have the decisions of the first of these, as many as fit, and says so in their audits, each under
    /// the conditions of [`Approvals::record_delivery`].
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn record_group(&self, group: &[Candidate], at_ms: i64) -> Result<Grouped, CallError> {
        let mut writes = GroupWrites::default();
        for Candidate { record, last } in group {
            let at = time(at_ms);
            let update = Update::builder()
                .table_name(&self.table)
                .key("id", text(&record.id))
                .update_expression("SET delivered_at = :at REMOVE closed_at")
                .condition_expression(
                    "attribute_exists(decision) AND task_token = :token AND attribute_not_exists(delivered_at)",
                )
                .expression_attribute_values(":at", text(&at))
                .expression_attribute_values(":token", text(record.task_token.reveal()))
                .build()
                .map_err(|error| CallError::unreadable(UPDATE, error.to_string()))?;
            let audit = AuditRecord::next(last.as_ref(), &record.id, at, AuditKind::Delivered, AuditData::new());
            let items = [
                TransactWriteItem::builder().update(update).build(),
                self.audit_write(&audit, at_ms)?,
            ];
            let mut record = record.clone();
            if let ApprovalState::Decided(_, delivery) = &mut record.state {
                *delivery = Delivery::Done;
            }
            if !writes.add(items, record, audit, 0) {
                break;
            }
        }
        writes.send(self).await
    }
}

/// The writes of one transaction, two for each of the group and then those of counters.
#[derive(Default)]
struct GroupWrites {
    items: Vec<TransactWriteItem>,
    written: Vec<Candidate>,
    bytes: usize,
}

impl GroupWrites {
    /// Adds the writes of one; `false` if there is no room beside so many counters. The first always has.
    fn add(
        &mut self,
        items: [TransactWriteItem; 2],
        record: ApprovalRecord,
        audit: AuditRecord,
        counters: usize,
    ) -> bool {
        let bytes = bytes(&record);
        let count = self.items.len() + items.len() + counters;
        let fits = count <= MOST_ITEMS && self.bytes + bytes <= MOST_BYTES;
        if !fits && !self.written.is_empty() {
            return false;
        }
        self.items.extend(items);
        self.bytes += bytes;
        self.written.push(Candidate {
            record,
            last: Some(audit),
        });
        true
    }

    async fn send(self, approvals: &Approvals) -> Result<Grouped, CallError> {
        if self.written.is_empty() {
            return Ok(Grouped::Refused(Vec::new()));
        }
        Ok(match transact(&approvals.client, self.items).await? {
            Transacted::Done => Grouped::Done(self.written),
            Transacted::Refused(items) => {
                let mut places: Vec<usize> = items.into_iter().map(|item| item / 2).collect();
                places.dedup();
                Grouped::Refused(places)
            }
        })
    }
}

/// More bytes than a record and what is written to it have together.
fn bytes(record: &ApprovalRecord) -> usize {
    let length = |value: Result<_, CallError>| match value {
        Ok(aws_sdk_dynamodb::types::AttributeValue::S(text)) => text.len(),
        Ok(_) | Err(_) => MOST_BYTES,
    };
    let decision = match &record.state {
        ApprovalState::Decided(decision, _) => length(json(UPDATE, decision)),
        ApprovalState::Open | ApprovalState::Withdrawn => 0,
    };
    let hashes: usize = record.secret_hashes.iter().map(|hash| hash.as_str().len()).sum();
    // the decision comes with the item and with the write, the token with the item and with the condition
    length(json(UPDATE, &record.submission))
        + length(json(UPDATE, &record.violations))
        + 2 * decision
        + 2 * record.task_token.reveal().len()
        + record.summary.len()
        + hashes
        + FRAME_BYTES
}

/// The end of an audit, of which the first records are read.
enum End {
    /// The newest, if there is any.
    Known(Option<AuditRecord>),
    /// Behind them, or one was read before it was written and another after.
    Beyond,
}

fn end(mut chain: Vec<AuditRecord>) -> End {
    chain.sort_unstable_by_key(|record| record.seq);
    let whole = (1..).zip(&chain).all(|(seq, record)| record.seq == seq);
    match chain.pop() {
        Some(last) if last.seq == PROBED || !whole => End::Beyond,
        last => End::Known(last),
    }
}
