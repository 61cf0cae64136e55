use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use sluice_workflows::{ApprovalRequest, AuditData, AuditKind, AuditRecord, Decision, TaskToken};

use super::item::{json, number, text, time};
use super::record::{ApprovalRecord, ApprovalState, read};
use super::table::{Approvals, UPDATE, Updated, shard};
use super::transaction::{Transacted, transact};
use crate::call::{CallError, CallErrorKind};

/// The time that a record outlives its approval: as long as Step Functions keeps the history of the execution.
const KEPT_MS: i64 = 90 * 86_400_000;

/// The times that an opening is tried while others write to the same record.
const ATTEMPTS: usize = 10;

/// A round that an admin is to be asked about.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The request of the workflow.
    pub request: &'a ApprovalRequest,
    /// The time at which the workflow stops waiting, in milliseconds since 1970.
    pub expires_at_ms: i64,
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
    /// Its subject, in the words of lists.
    pub summary: &'a str,
    /// The most approvals that may be open; 0 sets no limit. Openings at the same moment may pass it by their number.
    pub limit: u64,
}

/// The result of opening.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// The record is there and open.
    Waiting {
        /// True if it was open before; the record now holds the new token.
        reopened: bool,
        /// True if a mail of its own went out before.
        mailed: bool,
    },
    /// It was decided in an earlier attempt; the record now holds the new token, and the workflow needs the decision.
    AlreadyDecided(Box<Decision>),
    /// So many are open that no more are taken. Nothing was written.
    TooMany {
        /// The number of those that are open.
        open: u64,
    },
}

impl Approvals {
    /// Writes the record of a request, or puts the newer token into one that is open.
    ///
    /// Links from earlier mails stay valid. A record that is decided is not opened again: it gets the new token, so that its
    /// decision can still be delivered. One that was withdrawn is opened again.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn open(&self, opening: &Opening<'_>) -> Result<Opened, CallError> {
        let id = opening.request.approval_id();
        for _ in 0..ATTEMPTS {
            let record = self.get(&id).await?;
            let opened = match &record {
                Some(record) if matches!(record.state, ApprovalState::Decided(..)) => {
                    self.renew_token_of_decided(&id, &opening.request.task_token).await?
                }
                Some(record) if record.state == ApprovalState::Open && record.listed => {
                    self.renew_token_of_open(&id, opening).await?
                }
                Some(_) | None => self.open_anew(&id, record.as_ref(), opening).await?,
            };
            if let Some(opened) = opened {
                return Ok(opened);
            }
        }
        Err(CallError {
            action: UPDATE,
            kind: CallErrorKind::Throttled,
            message: format!("others wrote to approval {id} faster {ATTEMPTS} times"),
        })
    }

    /// Records that a mail of its own went out about approval `id`.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn mark_mailed(&self, id: &str) -> Result<(), CallError> {
        let update = self
            .update(id)
            .update_expression("SET mailed = :true")
            .condition_expression("attribute_exists(id)")
            .expression_attribute_values(":true", aws_sdk_dynamodb::types::AttributeValue::Bool(true));
        self.send(update).await.map(|_| ())
    }

    /// Opens a record that is not there, was withdrawn, or was opened by an older build. None: it changed meanwhile.
    async fn open_anew(
        &self,
        id: &str,
        record: Option<&ApprovalRecord>,
        opening: &Opening<'_>,
    ) -> Result<Option<Opened>, CallError> {
        if opening.limit > 0 && record.is_none() {
            let open = self.open_count().await?;
            if open >= opening.limit {
                return Ok(Some(Opened::TooMany { open }));
            }
        }
        let last = match record {
            Some(_) => self.last_audit(id).await?,
            None => None,
        };
        let data = AuditData::from([
            ("expires_at".to_owned(), opening.request.expires_at.as_str().into()),
            ("round".to_owned(), opening.request.round.into()),
        ]);
        let at = time(opening.now_ms);
        let audit = AuditRecord::next(last.as_ref(), id, at, AuditKind::Opened, data);
        let items = vec![
            self.opening_write(id, opening)?,
            self.counter_write(id, 1)?,
            self.audit_write(&audit, opening.now_ms)?,
        ];
        Ok(match transact(&self.client, items).await? {
            Transacted::Done => Some(Opened::Waiting {
                reopened: record.is_some_and(|record| record.state == ApprovalState::Open),
                mailed: false,
            }),
            Transacted::Refused(_) => None,
        })
    }

    fn opening_write(&self, id: &str, opening: &Opening<'_>) -> Result<TransactWriteItem, CallError> {
        let request = opening.request;
        let ttl = (opening.expires_at_ms + KEPT_MS).div_euclid(1000);
        let update = Update::builder()
            .table_name(&self.table)
            .key("id", text(id))
            .update_expression(
                "SET submission_id = :submission_id, submission = :submission, violations = :violations, \
                 submitted_at = :submitted_at, expires_at = :expires_at, expires_at_ms = :expires_at_ms, #ttl = :ttl, \
                 task_token = :token, open_shard = :shard, summary = :summary, opened_at_ms = :now, mailed = :false \
                 REMOVE withdrawn_at, standing",
            )
            .condition_expression("attribute_not_exists(decision) AND attribute_not_exists(open_shard)")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":submission_id", text(&request.submission_id))
            .expression_attribute_values(":submission", json(UPDATE, &request.submission)?)
            .expression_attribute_values(":violations", json(UPDATE, &request.violations)?)
            .expression_attribute_values(":submitted_at", text(&request.submitted_at))
            .expression_attribute_values(":expires_at", text(&request.expires_at))
            .expression_attribute_values(":expires_at_ms", number(opening.expires_at_ms))
            .expression_attribute_values(":ttl", number(ttl))
            .expression_attribute_values(":token", text(request.task_token.reveal()))
            .expression_attribute_values(":shard", text(&open_shard(shard(id))))
            .expression_attribute_values(":summary", text(opening.summary))
            .expression_attribute_values(":now", number(opening.now_ms))
            .expression_attribute_values(":false", aws_sdk_dynamodb::types::AttributeValue::Bool(false))
            .build()
            .map_err(|error| CallError::unreadable(UPDATE, error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// None: it is not open any more.
    async fn renew_token_of_open(&self, id: &str, opening: &Opening<'_>) -> Result<Option<Opened>, CallError> {
        let update = self
            .update(id)
            .update_expression(
                "SET task_token = :token, expires_at = :expires_at, expires_at_ms = :expires_at_ms, opened_at_ms = :now",
            )
            .condition_expression("attribute_exists(open_shard) AND attribute_not_exists(decision)")
            .expression_attribute_values(":token", text(opening.request.task_token.reveal()))
            .expression_attribute_values(":expires_at", text(&opening.request.expires_at))
            .expression_attribute_values(":expires_at_ms", number(opening.expires_at_ms))
            .expression_attribute_values(":now", number(opening.now_ms));
        match self.send(update).await? {
            Updated::Yes(Some(row)) => Ok(Some(Opened::Waiting {
                reopened: true,
                mailed: read(&row)?.mailed,
            })),
            Updated::Yes(None) => Err(CallError::unreadable(UPDATE, "the answer lacks the written record")),
            Updated::ConditionFailed(_) => Ok(None),
        }
    }

    async fn renew_token_of_decided(&self, id: &str, token: &TaskToken) -> Result<Option<Opened>, CallError> {
        let update = self
            .update(id)
            .update_expression("SET task_token = :token REMOVE delivered_at, closed_at, told_again, standing")
            .condition_expression("attribute_exists(decision)")
            .expression_attribute_values(":token", text(token.reveal()));
        let (Updated::Yes(row) | Updated::ConditionFailed(row)) = self.send(update).await?;
        match row.as_ref().map(read).transpose()?.map(|record| record.state) {
            Some(ApprovalState::Decided(decision, _)) => Ok(Some(Opened::AlreadyDecided(decision))),
            Some(ApprovalState::Open | ApprovalState::Withdrawn) | None => Err(CallError::unreadable(
                UPDATE,
                format!("approval {id} was decided and then was not"),
            )),
        }
    }
}

/// The value by which the index has the open approvals of one part together.
pub(super) fn open_shard(shard: usize) -> String {
    format!("open#{shard}")
}
