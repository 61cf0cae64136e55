use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use sluice_driver::{Driver, DriverError, Order};
use sluice_engine::Timestamp;
use sluice_wire::Account;
use tokio::sync::mpsc;

use crate::{Rules, Undelivered};

/// The kind under which the journal's store keeps events that were put and are not delivered.
pub(crate) const KIND: &str = "event";

/// The most events that are read from the store at once.
const PAGE: usize = 100;

/// An event that was put: its key in the store, and itself.
#[derive(Debug)]
pub struct Put {
    pub(crate) key: String,
    pub(crate) event: Value,
}

impl Put {
    /// The event, as targets get it.
    pub fn event(&self) -> &Value {
        &self.event
    }
}

/// The event bus of an account. Cheap to clone; clones are the same bus.
#[derive(Clone)]
pub struct Events {
    pub(crate) account: Account,
    driver: Driver,
    rules: Rules,
    undelivered: Undelivered,
    sender: mpsc::UnboundedSender<Put>,
    receiver: Arc<Mutex<Option<mpsc::UnboundedReceiver<Put>>>>,
}

impl Events {
    /// The bus over a store; what is put and not delivered counts as undelivered.
    pub fn new(account: Account, driver: Driver, undelivered: Undelivered) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            account,
            driver,
            rules: Rules::default(),
            undelivered,
            sender,
            receiver: Arc::new(Mutex::new(Some(receiver))),
        }
    }

    /// The rules that are in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The other end of what is put, once.
    pub fn take_put(&self) -> Option<mpsc::UnboundedReceiver<Put>> {
        self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes an event in: once this returns it is on disk, unless no rule wants it.
    pub(crate) async fn put(&self, event: Value, now: Timestamp) -> Result<(), DriverError> {
        if self.rules.targets(&event).is_empty() {
            return Ok(());
        }
        let key = format!("{now:020}-{}", event["id"].as_str().unwrap_or_default());
        self.driver.store().put(KIND, &key, event.clone()).await?;
        self.undelivered.add(1);
        if self.sender.send(Put { key, event }).is_err() {
            // Nobody delivers any more: the next start does.
            self.undelivered.delivered();
        }
        Ok(())
    }
}

/// The events that an earlier process took in and did not deliver.
pub(crate) async fn left_over(driver: &Driver) -> Result<Vec<Put>, DriverError> {
    let mut all: Vec<Put> = Vec::new();
    loop {
        let after = all.last().map(|last| last.key.clone());
        let page = driver.store().scan(KIND, Order::Ascending, after, PAGE).await?;
        let is_last = page.len() < PAGE;
        all.extend(page.into_iter().map(|(key, event)| Put { key, event }));
        if is_last {
            return Ok(all);
        }
    }
}
