//! The audit of an approval: records of which each holds the hash of the one before, so that whoever changes, removes or
//! reorders one is found out by anybody who has the records, without the table and without a key. Pure.
//!
//! The hash of a record is the SHA-256, in lower-case hexadecimal, over the hash of the record before (64 zeros for the first)
//! and the record's canonical JSON: its members but `prev` and `hash`, those of objects sorted by name, without spaces.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The hash before the first record.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Members of a record of its own kind: method, user agent, address and the like.
pub type AuditData = BTreeMap<String, Value>;

/// The kinds of what happens to an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// The workflow asked.
    Opened,
    /// A mail went out.
    Mailed,
    /// A link of it was fetched.
    Fetched,
    /// A code was sent that is not the link's.
    WrongCode,
    /// A link was locked after too many wrong codes.
    Locked,
    /// A mail was asked for in place of a link that does not work any more.
    MailWanted,
    /// A repair was refused, since it breaks the rules.
    RefusedRepair,
    /// It was decided.
    Decided,
    /// The workflow has the decision.
    Delivered,
    /// The admins were reminded.
    Reminded,
    /// Others were told that nobody decides.
    Escalated,
    /// Nobody decided in time.
    Expired,
    /// Its execution ended otherwise, and nobody waits for a decision any more.
    Withdrawn,
    /// It was part of a decision about many.
    Batch,
}

impl AuditKind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            AuditKind::Opened => "opened",
            AuditKind::Mailed => "mailed",
            AuditKind::Fetched => "fetched",
            AuditKind::WrongCode => "wrong_code",
            AuditKind::Locked => "locked",
            AuditKind::MailWanted => "mail_wanted",
            AuditKind::RefusedRepair => "refused_repair",
            AuditKind::Decided => "decided",
            AuditKind::Delivered => "delivered",
            AuditKind::Reminded => "reminded",
            AuditKind::Escalated => "escalated",
            AuditKind::Expired => "expired",
            AuditKind::Withdrawn => "withdrawn",
            AuditKind::Batch => "batch",
        }
    }
}

/// One record of an audit.
///
/// ```
/// use sluice_workflows::{AuditData, AuditKind, AuditRecord, verify_chain};
///
/// let at = || "2026-12-01T10:00:00.000Z".to_owned();
/// let opened = AuditRecord::next(None, "s-1.1", at(), AuditKind::Opened, AuditData::new());
/// let mailed = AuditRecord::next(Some(&opened), "s-1.1", at(), AuditKind::Mailed, AuditData::new());
/// assert!(verify_chain(&[opened.clone(), mailed.clone()]).is_empty());
///
/// let changed = AuditRecord { at: "2026-12-01T11:00:00.000Z".to_owned(), ..opened };
/// assert_eq!(verify_chain(&[changed, mailed])[0].seq, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The approval, or whatever else the chain is about.
    pub approval_id: String,
    /// The number of the record in its chain, from 1.
    pub seq: u64,
    /// The time (ISO 8601, UTC).
    pub at: String,
    /// The kind.
    pub kind: AuditKind,
    /// The number of records of the kind `fetched` in the chain, this one included.
    pub fetches: u64,
    /// The members of its kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: AuditData,
    /// The hash of the record before.
    pub prev: String,
    /// The hash of this one.
    pub hash: String,
}

impl AuditRecord {
    /// The record that follows `last`, or begins a chain.
    pub fn next(last: Option<&AuditRecord>, approval_id: &str, at: String, kind: AuditKind, data: AuditData) -> Self {
        let (seq, fetches, prev) = match last {
            Some(last) => (last.seq + 1, last.fetches, last.hash.clone()),
            None => (1, 0, GENESIS.to_owned()),
        };
        let mut record = AuditRecord {
            approval_id: approval_id.to_owned(),
            seq,
            at,
            kind,
            fetches: fetches + u64::from(kind == AuditKind::Fetched),
            data,
            prev,
            hash: String::new(),
        };
        record.hash = record.computed_hash();
        record
    }

    /// The hash that belongs to the record as it is.
    pub fn computed_hash(&self) -> String {
        let mut members = serde_json::json!({
            "approval_id": self.approval_id,
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind.as_str(),
            "fetches": self.fetches,
        });
        if !self.data.is_empty() {
            members["data"] = self.data.clone().into_iter().collect();
        }
        sha256(&format!("{}{}", self.prev, canonical_json(&members)))
    }
}

/// Writes JSON so that equal values are equal texts: members sorted by name, no spaces.
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            let written = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical_json(value)));
            format!("{{{}}}", written.collect::<Vec<_>>().join(","))
        }
        Value::Array(values) => {
            let written: Vec<_> = values.iter().map(canonical_json).collect();
            format!("[{}]", written.join(","))
        }
        other => other.to_string(),
    }
}

/// The SHA-256 of a text, in lower-case hexadecimal.
fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// The audit of an approval, whole: what is exported and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditTrail {
    /// The approval, or whatever else the chain is about.
    pub approval_id: String,
    /// Its records, the oldest first.
    pub records: Vec<AuditRecord>,
    /// Fetches beyond those that have records of their own. No part of the chain.
    #[serde(default)]
    pub fetches_counted: u64,
}

/// A place where a chain is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("record {seq}: {kind}")]
pub struct ChainFault {
    /// The number of the record.
    pub seq: u64,
    /// The fault.
    pub kind: ChainFaultKind,
}

/// The ways in which a chain can be other than it was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainFaultKind {
    /// The record's hash is not that of what it says.
    #[error("it was changed: its hash is not that of what it says")]
    Changed,
    /// Records before it are missing.
    #[error("{0} record(s) before it are missing")]
    Removed(u64),
    /// It stands behind a later one, or twice.
    #[error("it stands behind record {0}")]
    OutOfOrder(u64),
    /// The record before it is another than the one it was written after.
    #[error("it was written after another record than the one before it: that one was replaced, or this one was")]
    Unlinked,
    /// It belongs to another approval.
    #[error("it belongs to {0}")]
    Foreign(String),
}

/// Checks a chain; nothing is answered if it is whole. That its newest records are missing cannot be told from a chain itself.
pub fn verify_chain(records: &[AuditRecord]) -> Vec<ChainFault> {
    let mut faults = Vec::new();
    let mut last: Option<&AuditRecord> = None;
    for record in records {
        let mut fault = |kind| {
            faults.push(ChainFault { seq: record.seq, kind });
        };
        if record.hash != record.computed_hash() {
            fault(ChainFaultKind::Changed);
        }
        let (before, prev) = last.map_or((0, GENESIS), |last| (last.seq, last.hash.as_str()));
        if records[0].approval_id != record.approval_id {
            fault(ChainFaultKind::Foreign(record.approval_id.clone()));
        } else if record.seq <= before {
            fault(ChainFaultKind::OutOfOrder(before));
        } else if record.seq > before + 1 {
            fault(ChainFaultKind::Removed(record.seq - before - 1));
        } else if record.prev != prev {
            fault(ChainFaultKind::Unlinked);
        }
        last = Some(record);
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chain() -> Vec<AuditRecord> {
        let mut records: Vec<AuditRecord> = Vec::new();
        for (n, kind) in [
            AuditKind::Opened,
            AuditKind::Mailed,
            AuditKind::Fetched,
            AuditKind::Decided,
        ]
        .into_iter()
        .enumerate()
        {
            let data = AuditData::from([("n".to_owned(), json!({"b": n, "a": ["x", null]}))]);
            let at = format!("2026-12-01T10:00:0{n}.000Z");
            let next = AuditRecord::next(records.last(), "s-1.1", at, kind, data);
            records.push(next);
        }
        records
    }

    fn check(change: impl FnOnce(&mut Vec<AuditRecord>), expected: &[(u64, ChainFaultKind)]) {
        let mut records = chain();
        change(&mut records);
        let found: Vec<_> = verify_chain(&records)
            .into_iter()
            .map(|fault| (fault.seq, fault.kind))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_changed_removed_or_reordered_is_found() {
        use ChainFaultKind::{Changed, Foreign, OutOfOrder, Removed, Unlinked};
        check(|_| {}, &[]);
        check(Vec::clear, &[]);
        check(|records| records[1].kind = AuditKind::Decided, &[(2, Changed)]);
        check(
            |records| {
                records[1].data.insert("n".to_owned(), json!(9));
            },
            &[(2, Changed)],
        );
        check(
            |records| {
                records[1].at.clear();
                records[1].hash = records[1].computed_hash();
            },
            &[(3, Unlinked)],
        );
        check(
            |records| {
                records.remove(2);
            },
            &[(4, Removed(1))],
        );
        check(
            |records| {
                records.drain(..2);
            },
            &[(3, Removed(2))],
        );
        check(
            |records| records.swap(1, 2),
            &[(3, Removed(1)), (2, OutOfOrder(3)), (4, Removed(1))],
        );
        check(
            |records| {
                let twice = records[3].clone();
                records.push(twice);
            },
            &[(4, OutOfOrder(4))],
        );
        check(
            |records| records[3].approval_id = "s-2.1".to_owned(),
            &[(4, Changed), (4, Foreign("s-2.1".to_owned()))],
        );
    }

    #[test]
    fn a_record_is_the_same_after_a_journey_as_json_and_its_hash_does_not_depend_on_the_order_of_members() {
        for record in chain() {
            let text = serde_json::to_string(&record).unwrap();
            let back: AuditRecord = serde_json::from_str(&text).unwrap();
            assert_eq!((back.computed_hash(), &back), (record.hash.clone(), &record));
        }
        assert_eq!(chain()[3].fetches, 1);
        let one: Value = serde_json::from_str(r#"{"b":1,"a":{"d":"\"","c":[true,null]}}"#).unwrap();
        assert_eq!(canonical_json(&one), r#"{"a":{"c":[true,null],"d":"\""},"b":1}"#);
    }

    #[test]
    fn the_hash_is_as_documented() {
        let record = AuditRecord::next(None, "a", "t".to_owned(), AuditKind::Opened, AuditData::new());
        let text = format!(
            "{GENESIS}{}",
            r#"{"approval_id":"a","at":"t","fetches":0,"kind":"opened","seq":1}"#
        );
        assert_eq!(record.hash, sha256(&text));
        for kind in [AuditKind::WrongCode, AuditKind::RefusedRepair, AuditKind::Opened] {
            assert_eq!(json!(kind), json!(kind.as_str()));
        }
    }
}
