use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use sha2::{Digest, Sha256};

use super::item::{Item, text};
use super::record::{ApprovalRecord, read};
use super::transaction::pause;
use crate::call::{CallError, boxed};

/// The action's name in errors.
pub(super) const UPDATE: &str = "dynamodb:UpdateItem";
/// The action's name in errors.
pub(super) const GET: &str = "dynamodb:GetItem";

/// The number of parts that the open approvals are spread over, so that neither a counter nor a partition of the index is hot.
pub const SHARDS: usize = 8;

/// The part that an approval belongs to. Approvals of different parts never meet in a transaction.
pub fn shard(id: &str) -> usize {
    usize::from(Sha256::digest(id.as_bytes())[0]) % SHARDS
}

/// The times that a write is tried which meets a transaction.
const ATTEMPTS: u32 = 8;

/// The approvals: one record for each round of a submission that an admin is asked about, and what belongs to it.
#[derive(Debug, Clone)]
pub struct Approvals {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) audit_table: String,
}

impl Approvals {
    /// The tables of these names.
    pub fn new(config: &SdkConfig, table: String, audit_table: String) -> Self {
        Approvals {
            client: Client::new(config),
            table,
            audit_table,
        }
    }

    /// The record of an approval, as last written.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or the row cannot be read.
    pub async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        self.item(id).await?.as_ref().map(read).transpose()
    }

    pub(super) async fn item(&self, id: &str) -> Result<Option<Item>, CallError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", text(id))
            .consistent_read(true);
        let answer = boxed(request.send()).await;
        Ok(answer.map_err(|error| CallError::from_sdk(GET, &error))?.item)
    }

    pub(super) fn update(&self, id: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("id", text(id))
    }

    /// Sends a conditional update; one that meets a transaction is tried again.
    pub(super) async fn send(&self, update: UpdateItemFluentBuilder) -> Result<Updated, CallError> {
        let update = update
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut attempt = 1;
        loop {
            let error = match boxed(update.clone().send()).await {
                Ok(answer) => return Ok(Updated::Yes(answer.attributes)),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(held)) => {
                    return Ok(Updated::ConditionFailed(held.item().cloned()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) if attempt < ATTEMPTS => {
                    pause(attempt).await;
                    attempt += 1;
                }
                Some(_) | None => return Err(CallError::from_sdk(UPDATE, &error)),
            }
        }
    }
}

/// The result of a conditional update, with the row after it or, if it did nothing, as it is.
pub(super) enum Updated {
    Yes(Option<Item>),
    ConditionFailed(Option<Item>),
}
