use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use sluice_workflows::{AuditData, AuditKind, AuditRecord, AuditTrail};

use super::item::{Item, count, integer, json, number, parsed, string, text, time, unusable};
use super::table::{Approvals, UPDATE};
use super::transaction::pause;
use crate::call::{CallError, CallErrorKind, boxed};

const QUERY: &str = "dynamodb:Query";
const PUT: &str = "dynamodb:PutItem";

/// The fetches of a chain that have records of their own; those beyond are counted only.
const RECORDED_FETCHES: u64 = 200;

/// The place of the count, before the chain's first record.
const COUNT_SEQ: i64 = 0;

/// The time that a record is kept: longer than any approval can take, and then a year.
const KEPT_MS: i64 = 400 * 86_400_000;

/// The times that a record is tried which somebody else's was faster than.
const ATTEMPTS: u32 = 20;

/// Nobody has written a record of this number.
const UNWRITTEN: &str = "attribute_not_exists(approval_id)";

impl Approvals {
    /// Appends a record to the audit of approval `id`, at `at_ms` (milliseconds since 1970). Fetches beyond the two hundredth are
    /// counted only, so that a scanner cannot make it grow without bound.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn audit(&self, id: &str, at_ms: i64, kind: AuditKind, data: AuditData) -> Result<(), CallError> {
        for attempt in 1..=ATTEMPTS {
            let last = self.last_audit(id).await?;
            let fetches = last.as_ref().map_or(0, |last| last.fetches);
            if kind == AuditKind::Fetched && fetches >= RECORDED_FETCHES {
                return self.count_fetch(id, at_ms).await;
            }
            let record = AuditRecord::next(last.as_ref(), id, time(at_ms), kind, data.clone());
            let request = self
                .client
                .put_item()
                .table_name(&self.audit_table)
                .set_item(Some(item(&record, at_ms)?))
                .condition_expression(UNWRITTEN);
            let Err(error) = boxed(request.send()).await else {
                return Ok(());
            };
            match error.as_service_error() {
                Some(
                    PutItemError::ConditionalCheckFailedException(_) | PutItemError::TransactionConflictException(_),
                ) => pause(attempt).await,
                Some(_) | None => return Err(CallError::from_sdk(PUT, &error)),
            }
        }
        Err(CallError {
            action: PUT,
            kind: CallErrorKind::Throttled,
            message: format!("others wrote to the audit of {id} faster {ATTEMPTS} times"),
        })
    }

    /// The audit of approval `id`, whole.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or a record cannot be read.
    pub async fn audit_trail(&self, id: &str) -> Result<AuditTrail, CallError> {
        let mut trail = AuditTrail {
            approval_id: id.to_owned(),
            records: Vec::new(),
            fetches_counted: 0,
        };
        let mut after: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let page = self.audit_query(id, COUNT_SEQ).set_exclusive_start_key(after);
            let page = boxed(page.send()).await;
            let page = page.map_err(|error| CallError::from_sdk(QUERY, &error))?;
            for row in page.items() {
                match integer(row, "seq") {
                    Some(COUNT_SEQ) => trail.fetches_counted = count(row, "fetches"),
                    _ => trail.records.push(read(row)?),
                }
            }
            after = page.last_evaluated_key().cloned();
            if after.is_none() {
                return Ok(trail);
            }
        }
    }

    /// The newest record of a chain.
    pub(super) async fn last_audit(&self, id: &str) -> Result<Option<AuditRecord>, CallError> {
        let newest = self.audit_query(id, COUNT_SEQ + 1).scan_index_forward(false).limit(1);
        let page = boxed(newest.send()).await;
        let page = page.map_err(|error| CallError::from_sdk(QUERY, &error))?;
        page.items().first().map(read).transpose()
    }

    /// The write of a record within a transaction.
    pub(super) fn audit_write(&self, record: &AuditRecord, at_ms: i64) -> Result<TransactWriteItem, CallError> {
        let put = Put::builder()
            .table_name(&self.audit_table)
            .set_item(Some(item(record, at_ms)?))
            .condition_expression(UNWRITTEN)
            .build()
            .map_err(|error| CallError::unreadable(PUT, error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn audit_query(&self, id: &str, from: i64) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.audit_table)
            .consistent_read(true)
            .key_condition_expression("approval_id = :id AND seq >= :from")
            .expression_attribute_values(":id", text(id))
            .expression_attribute_values(":from", number(from))
    }

    async fn count_fetch(&self, id: &str, at_ms: i64) -> Result<(), CallError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.audit_table)
            .key("approval_id", text(id))
            .key("seq", number(COUNT_SEQ))
            .update_expression("SET #at = :at, #ttl = :ttl ADD fetches :one")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":at", text(&time(at_ms)))
            .expression_attribute_values(":ttl", number(ttl(at_ms)))
            .expression_attribute_values(":one", number(1));
        boxed(request.send())
            .await
            .map_err(|error| CallError::from_sdk(UPDATE, &error))?;
        Ok(())
    }
}

fn ttl(at_ms: i64) -> i64 {
    (at_ms + KEPT_MS).div_euclid(1000)
}

fn whole(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn item(record: &AuditRecord, at_ms: i64) -> Result<Item, CallError> {
    let members = [
        ("approval_id", text(&record.approval_id)),
        ("seq", whole(record.seq)),
        ("at", text(&record.at)),
        ("kind", text(record.kind.as_str())),
        ("fetches", whole(record.fetches)),
        ("data", json(PUT, &record.data)?),
        ("prev", text(&record.prev)),
        ("hash", text(&record.hash)),
        ("ttl", number(ttl(at_ms))),
    ];
    Ok(members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

pub(super) fn read(row: &Item) -> Result<AuditRecord, CallError> {
    let kind = string(QUERY, row, "kind")?;
    Ok(AuditRecord {
        approval_id: string(QUERY, row, "approval_id")?,
        seq: count(row, "seq"),
        at: string(QUERY, row, "at")?,
        kind: serde_json::from_value(kind.into()).map_err(|_| unusable(QUERY, row, "kind"))?,
        fetches: count(row, "fetches"),
        data: parsed(QUERY, row, "data")?,
        prev: string(QUERY, row, "prev")?,
        hash: string(QUERY, row, "hash")?,
    })
}
