use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use sluice_workflows::{AuditData, AuditKind, AuditRecord, Decision, DecisionKind, Field, canonical_json};

use super::item::{json, number, text, time};
use super::record::{ApprovalRecord, ApprovalState, Delivery};
use super::table::{Approvals, UPDATE};
use super::transaction::{Transacted, transact};
use crate::call::{CallError, CallErrorKind};
use crate::secret::SecretHash;

/// The times that a decision is tried while others write to the same record.
const ATTEMPTS: usize = 20;

/// A decision that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Deciding<'a> {
    /// The decision.
    pub decision: &'a Decision,
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
    /// The decision about many that it is part of.
    pub batch: Option<&'a str>,
    /// Members of its record in the audit: the link, the address, the user agent.
    pub data: &'a AuditData,
}

/// The result of deciding.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// This decision was written.
    Now(Box<ApprovalRecord>),
    /// It was not: it was decided or withdrawn before, or has expired. The record as it is.
    NotOpen(Box<ApprovalRecord>),
    /// There is no such record.
    Missing,
}

/// The result of withdrawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Withdrawal {
    /// It was open, and is withdrawn.
    Now,
    /// It was not open. The record as it is.
    NotOpen(Box<ApprovalRecord>),
    /// There is no such record.
    Missing,
}

/// The way in which an approval stops being open.
#[derive(Clone, Copy)]
enum Closing<'a> {
    /// Before its deadline, or whenever that may be.
    Decide {
        deciding: &'a Deciding<'a>,
        before_deadline: bool,
    },
    Withdraw {
        now_ms: i64,
    },
}

impl Approvals {
    /// Writes a decision if approval `id` is open and has not expired: one transaction, so that of any number of decisions
    /// exactly one counts.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer. The decision may then have been written.
    pub async fn decide(&self, id: &str, deciding: &Deciding<'_>) -> Result<Decided, CallError> {
        self.finish(
            id,
            Closing::Decide {
                deciding,
                before_deadline: true,
            },
        )
        .await
    }

    /// Writes the deadline's decision if approval `id` is open, expired or not; else the decision that was taken stands.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer. The decision may then have been written.
    pub async fn close(&self, id: &str, deciding: &Deciding<'_>) -> Result<Decided, CallError> {
        self.finish(
            id,
            Closing::Decide {
                deciding,
                before_deadline: false,
            },
        )
        .await
    }

    /// Takes approval `id` off the list, if it is open: its execution ended otherwise at `now_ms` (milliseconds since 1970), and
    /// nobody waits any more. One that was asked for again after that stays: the execution was redriven.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer.
    pub async fn withdraw(&self, id: &str, now_ms: i64) -> Result<Withdrawal, CallError> {
        Ok(match self.finish(id, Closing::Withdraw { now_ms }).await? {
            Decided::Now(_) => Withdrawal::Now,
            Decided::NotOpen(record) => Withdrawal::NotOpen(record),
            Decided::Missing => Withdrawal::Missing,
        })
    }

    async fn finish(&self, id: &str, closing: Closing<'_>) -> Result<Decided, CallError> {
        for _ in 0..ATTEMPTS {
            let Some(record) = self.get(id).await? else {
                return Ok(Decided::Missing);
            };
            if record.state != ApprovalState::Open || closing.is_too_late(&record) {
                return Ok(Decided::NotOpen(Box::new(record)));
            }
            let last = self.last_audit(id).await?;
            let (writes, _) = self.closing_writes(&record, last.as_ref(), closing)?;
            let mut items = Vec::from(writes);
            if record.listed {
                items.push(self.counter_write(id, -1)?);
            }
            if transact(&self.client, items).await? == Transacted::Done {
                return Ok(Decided::Now(Box::new(closing.applied_to(record))));
            }
        }
        Err(CallError {
            action: UPDATE,
            kind: CallErrorKind::Throttled,
            message: format!("others wrote to approval {id} faster {ATTEMPTS} times"),
        })
    }

    /// The writes of a decision before the deadline, of the record and of its audit, and both as they are then. The counter is
    /// not among them.
    pub(super) fn decision_writes(
        &self,
        record: &ApprovalRecord,
        last: Option<&AuditRecord>,
        deciding: &Deciding<'_>,
    ) -> Result<([TransactWriteItem; 2], ApprovalRecord, AuditRecord), CallError> {
        let closing = Closing::Decide {
            deciding,
            before_deadline: true,
        };
        let (writes, audit) = self.closing_writes(record, last, closing)?;
        Ok((writes, closing.applied_to(record.clone()), audit))
    }

    /// The writes of the record and of what follows `last` in its audit.
    fn closing_writes(
        &self,
        record: &ApprovalRecord,
        last: Option<&AuditRecord>,
        closing: Closing<'_>,
    ) -> Result<([TransactWriteItem; 2], AuditRecord), CallError> {
        let (kind, data) = closing.audit();
        let audit = AuditRecord::next(last, &record.id, time(closing.now_ms()), kind, data);
        let writes = [
            self.closing_write(record, closing)?,
            self.audit_write(&audit, closing.now_ms())?,
        ];
        Ok((writes, audit))
    }

    /// The write of the record, if it is still as it was read: open, of the same token, listed or not.
    fn closing_write(&self, record: &ApprovalRecord, closing: Closing<'_>) -> Result<TransactWriteItem, CallError> {
        let listed = if record.listed {
            "attribute_exists(open_shard)"
        } else {
            "attribute_not_exists(open_shard)"
        };
        let mut condition = format!(
            "attribute_exists(id) AND attribute_not_exists(decision) AND attribute_not_exists(withdrawn_at) \
             AND task_token = :token AND {listed}"
        );
        let mut update = Update::builder()
            .table_name(&self.table)
            .key("id", text(&record.id))
            .expression_attribute_values(":token", text(record.task_token.reveal()));
        match closing {
            Closing::Decide {
                deciding,
                before_deadline,
            } => {
                let mut set = "SET decision = :decision".to_owned();
                update = update.expression_attribute_values(":decision", json(UPDATE, deciding.decision)?);
                if let Some(batch) = deciding.batch {
                    set.push_str(", batch_id = :batch");
                    update = update.expression_attribute_values(":batch", text(batch));
                }
                if before_deadline {
                    condition.push_str(" AND expires_at_ms > :now");
                    update = update.expression_attribute_values(":now", number(deciding.now_ms));
                }
                update = update.update_expression(set + " REMOVE open_shard, standing");
            }
            Closing::Withdraw { now_ms } => {
                update = update
                    .update_expression("SET withdrawn_at = :at REMOVE open_shard, standing")
                    .expression_attribute_values(":at", text(&time(now_ms)));
            }
        }
        let update = update.condition_expression(condition).build();
        let update = update.map_err(|error| CallError::unreadable(UPDATE, error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

impl Closing<'_> {
    fn now_ms(&self) -> i64 {
        match self {
            Closing::Decide { deciding, .. } => deciding.now_ms,
            Closing::Withdraw { now_ms } => *now_ms,
        }
    }

    fn is_too_late(&self, record: &ApprovalRecord) -> bool {
        match self {
            Closing::Decide {
                deciding,
                before_deadline,
            } => *before_deadline && record.expires_at_ms <= deciding.now_ms,
            Closing::Withdraw { now_ms } => record.opened_at_ms > *now_ms,
        }
    }

    fn audit(&self) -> (AuditKind, AuditData) {
        match self {
            Closing::Decide { deciding, .. } => {
                let kind = match deciding.decision.decision {
                    DecisionKind::Approve | DecisionKind::Reject => AuditKind::Decided,
                    DecisionKind::Expire => AuditKind::Expired,
                };
                (kind, decision_data(deciding))
            }
            Closing::Withdraw { .. } => (AuditKind::Withdrawn, AuditData::new()),
        }
    }

    /// The record after the write.
    fn applied_to(&self, mut record: ApprovalRecord) -> ApprovalRecord {
        record.listed = false;
        match self {
            Closing::Decide { deciding, .. } => {
                record.batch = deciding.batch.map(str::to_owned);
                record.state = ApprovalState::Decided(Box::new(deciding.decision.clone()), Delivery::Pending);
            }
            Closing::Withdraw { .. } => record.state = ApprovalState::Withdrawn,
        }
        record
    }
}

/// The members of a decision's record in the audit. Values and comments are personal data, which must be erasable, so the chain has only their
/// hash.
fn decision_data(deciding: &Deciding<'_>) -> AuditData {
    let decision = deciding.decision;
    let mut data = deciding.data.clone();
    let mut add = |name: &str, value: serde_json::Value| data.insert(name.to_owned(), value);
    add("decision", decision.decision.as_str().into());
    add("decided_by", decision.decided_by.as_str().into());
    if let Some(repaired) = &decision.repaired {
        let fields = Field::ALL.into_iter().filter(|&field| repaired.get(field).is_some());
        add("repaired", fields.map(Field::as_str).collect());
    }
    if let Some(batch) = deciding.batch {
        add("batch", batch.into());
    }
    let whole = serde_json::to_value(decision).unwrap_or_default();
    add(
        "decision_hash",
        SecretHash::of(&[&canonical_json(&whole)]).as_str().into(),
    );
    data
}
