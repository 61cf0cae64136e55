//! The stacks that run on this machine.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use sluice_clock::Timestamp;
use sluice_driver::{Driver, DriverError, Order};
use tokio::sync::mpsc;

use crate::StackRecord;

/// The journal's key space for stacks: the stack's id to its record.
const KIND: &str = "stack";

/// The stacks in the order in which they were set up, deleted ones too.
pub struct Stacks {
    driver: Driver,
    records: RwLock<Vec<Arc<StackRecord>>>,
    deletion_requests: mpsc::UnboundedSender<String>,
    requested: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
}

impl Stacks {
    /// The stacks that this journal keeps, none of them registered yet.
    pub fn new(driver: Driver) -> Self {
        let (deletion_requests, requested) = mpsc::unbounded_channel();
        Self {
            driver,
            records: RwLock::default(),
            deletion_requests,
            requested: Mutex::new(Some(requested)),
        }
    }

    /// Adds a stack, or replaces that of the same id.
    pub fn register(&self, stack: StackRecord) {
        let mut records = self.records.write();
        let stack = Arc::new(stack);
        match records.iter_mut().find(|known| known.id == stack.id) {
            Some(known) => *known = stack,
            None => records.push(stack),
        }
    }

    /// Registers a stack and keeps it in the journal.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn save(&self, stack: StackRecord) -> Result<(), DriverError> {
        let value = serde_json::to_value(&stack).unwrap_or_default();
        self.driver.store().put(KIND, &stack.id, value).await?;
        self.register(stack);
        Ok(())
    }

    /// Reads the stacks that earlier processes kept, in no order.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn load(&self) -> Result<Vec<StackRecord>, DriverError> {
        const BATCH: usize = 100;
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let batch = self.driver.store().scan(KIND, Order::Ascending, after, BATCH).await?;
            after = batch.last().map(|(id, _)| id.clone());
            let full = batch.len() == BATCH;
            for (id, value) in batch {
                match serde_json::from_value(value) {
                    Ok(record) => records.push(record),
                    Err(error) => tracing::warn!(%error, id, "a stack of another release is not read"),
                }
            }
            if !full {
                return Ok(records);
            }
        }
    }

    /// Drops stacks from the lists that were gone before a time. The last one of its name is kept in the journal all the same: it
    /// says how the next one's resources are called.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn forget(&self, before: Timestamp) -> Result<(), DriverError> {
        let is_over = |stack: &StackRecord| stack.is_over(before);
        let over = self
            .list()
            .into_iter()
            .filter(|stack| is_over(stack))
            .collect::<Vec<_>>();
        let newer = |stack: &StackRecord| {
            let records = self.records.read();
            let mut others = records.iter();
            others.any(|other| other.name == stack.name && other.generation > stack.generation)
        };
        for stack in over {
            if newer(&stack) {
                self.driver.store().remove(KIND, &stack.id).await?;
            }
        }
        let mut records = self.records.write();
        records.retain(|stack| !is_over(stack));
        Ok(())
    }

    /// By id, or by name if it is not deleted.
    pub fn get(&self, name_or_id: &str) -> Option<Arc<StackRecord>> {
        let records = self.records.read();
        let found = records
            .iter()
            .find(|stack| stack.id == name_or_id || (stack.name == name_or_id && stack.status.exists()));
        found.cloned()
    }

    /// All of them, the newest first, as AWS lists them.
    pub fn list(&self) -> Vec<Arc<StackRecord>> {
        let records = self.records.read();
        records.iter().rev().cloned().collect()
    }

    /// Those that are not deleted, the newest first.
    pub fn existing(&self) -> Vec<Arc<StackRecord>> {
        let mut stacks = self.list();
        stacks.retain(|stack| stack.status.exists());
        stacks
    }

    /// Asks for the deletion of a stack, by its id.
    pub fn request_deletion(&self, id: &str) {
        // nobody listens any more: the next start finds it in the journal
        let _ = self.deletion_requests.send(id.to_owned());
    }

    /// Hands out the ids of the stacks whose deletion is asked for: once, to the one who deletes them.
    pub fn take_deletion_requests(&self) -> Option<mpsc::UnboundedReceiver<String>> {
        self.requested.lock().take()
    }
}
