use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, TransactWriteItem, Update};

use super::item::{Item, count, number, text};
use super::open_list::OpenItem;
use super::table::{Approvals, SHARDS, UPDATE, shard};
use super::transaction::pause;
use crate::call::{CallError, CallErrorKind, boxed};

const BATCH_GET: &str = "dynamodb:BatchGetItem";

/// The times that items are asked for which DynamoDB leaves out.
const ATTEMPTS: u32 = 6;

/// The approvals that wait for an admin.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The number. It is exact, and counts those too that have expired and were not closed yet.
    pub count: u64,
    /// The one that expires first.
    pub first: Option<OpenItem>,
}

impl Approvals {
    /// The number of open approvals, by counters that change with them; the cost does not depend on it.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer.
    pub async fn open_count(&self) -> Result<u64, CallError> {
        let ids = (0..SHARDS).map(counter_id).collect();
        let counters = self.items(ids).await?;
        Ok(counters.iter().map(|counter| count(counter, "open")).sum())
    }

    /// The number of open approvals, and the one that expires first.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer.
    pub async fn waiting(&self) -> Result<Waiting, CallError> {
        Ok(Waiting {
            count: self.open_count().await?,
            first: self.first_open().await?,
        })
    }

    /// The change of the counter that approval `id` belongs to, within a transaction.
    pub(super) fn counter_write(&self, id: &str, change: i64) -> Result<TransactWriteItem, CallError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("id", text(&counter_id(shard(id))))
            .update_expression("ADD #open :change")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":change", number(change))
            .build()
            .map_err(|error| CallError::unreadable(UPDATE, error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Up to a hundred items by their ids, those that are there, in any order.
    pub(super) async fn items(&self, ids: Vec<String>) -> Result<Vec<Item>, CallError> {
        let keys = ids.iter().map(|id| Item::from([("id".to_owned(), text(id))])).collect();
        let wanted = Wanted::from([(self.table.clone(), keys_of(keys, false)?)]);
        let mut found = self.batch_get(wanted).await?;
        Ok(found.remove(&self.table).unwrap_or_default())
    }

    /// Up to a hundred items of these tables, those that are there, in any order, by table.
    pub(super) async fn batch_get(&self, mut wanted: Wanted) -> Result<HashMap<String, Vec<Item>>, CallError> {
        let mut found: HashMap<String, Vec<Item>> = HashMap::new();
        for attempt in 1..=ATTEMPTS {
            let request = self.client.batch_get_item().set_request_items(Some(wanted));
            let answer = boxed(request.send()).await;
            let answer = answer.map_err(|error| CallError::from_sdk(BATCH_GET, &error))?;
            for (table, rows) in answer.responses.into_iter().flatten() {
                found.entry(table).or_default().extend(rows);
            }
            wanted = answer.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(found);
            }
            pause(attempt).await;
        }
        Err(CallError {
            action: BATCH_GET,
            kind: CallErrorKind::Throttled,
            message: format!("items were left out {ATTEMPTS} times"),
        })
    }
}

/// The keys that one read asks for, by table.
pub(super) type Wanted = HashMap<String, KeysAndAttributes>;

/// The keys of one table.
pub(super) fn keys_of(keys: Vec<Item>, consistent: bool) -> Result<KeysAndAttributes, CallError> {
    KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .set_consistent_read(consistent.then_some(true))
        .build()
        .map_err(|error| CallError::unreadable(BATCH_GET, error.to_string()))
}

fn counter_id(shard: usize) -> String {
    format!("counter#{shard}")
}
