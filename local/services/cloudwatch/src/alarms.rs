//! Alarms in the journal: the alarms, their history, and the words that their actions are still to be told.

mod record;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_clock::Timestamp;
use sluice_driver::{Driver, DriverError, Order};
use tokio::sync::watch;

pub use record::AlarmNotice;
pub(crate) use record::{AlarmRecord, Change, HistoryItem, HistoryItemType, Watched};

use crate::CloudWatchError;

/// The journal's key spaces: alarms by name, history and notices by time.
const KIND: &str = "cloudwatch-alarm";
const HISTORY: &str = "cloudwatch-alarm-history";
const NOTICES: &str = "cloudwatch-alarm-notice";

/// The time for which an item of the history is kept, in milliseconds: thirty days, as on AWS.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Old items that are deleted with each new one.
const SWEPT: usize = 20;

/// Records read at a time.
const BATCH: usize = 200;

/// The alarms that a journal keeps. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Alarms {
    driver: Driver,
    /// Since when each is watched, and up to when it was evaluated.
    pub(crate) watched: Arc<Mutex<HashMap<String, Watched>>>,
    /// Held while an alarm is changed.
    pub(crate) changing: Arc<tokio::sync::Mutex<()>>,
    pub(crate) changed: Arc<watch::Sender<()>>,
    count: Arc<AtomicU64>,
}

impl Alarms {
    pub(crate) fn new(driver: Driver) -> Self {
        Self {
            driver,
            watched: Arc::default(),
            changing: Arc::default(),
            changed: Arc::new(watch::Sender::new(())),
            count: Arc::default(),
        }
    }

    /// Keeps an alarm, and wakes who watches.
    pub(crate) async fn put(&self, name: &str, record: &AlarmRecord) -> Result<(), DriverError> {
        self.driver.store().put(KIND, name, json!(record)).await?;
        self.changed.send_replace(());
        Ok(())
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Option<AlarmRecord>, DriverError> {
        Ok(self.driver.store().get(KIND, name).await?.and_then(read))
    }

    /// The alarm of this name.
    pub(crate) async fn existing(&self, name: &str) -> Result<AlarmRecord, CloudWatchError> {
        let found = self.get(name).await?;
        found.ok_or_else(|| CloudWatchError::AlarmNotFound(name.to_owned()))
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<(), DriverError> {
        self.driver.store().remove(KIND, name).await?;
        self.watched.lock().remove(name);
        self.changed.send_replace(());
        Ok(())
    }

    /// The alarms after one, by name.
    pub(crate) async fn after(
        &self,
        name: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, AlarmRecord)>, DriverError> {
        let found = self.driver.store().scan(KIND, Order::Ascending, name, limit).await?;
        Ok(found
            .into_iter()
            .filter_map(|(name, value)| Some((name, read(value)?)))
            .collect())
    }

    /// All alarms, by name.
    pub(crate) async fn all(&self) -> Result<Vec<(String, AlarmRecord)>, DriverError> {
        let mut all: Vec<(String, AlarmRecord)> = Vec::new();
        loop {
            let after = all.last().map(|(name, _)| name.clone());
            let batch = self.after(after, BATCH).await?;
            let full = batch.len() == BATCH;
            all.extend(batch);
            if !full {
                return Ok(all);
            }
        }
    }

    pub(crate) async fn note(&self, item: &HistoryItem, unique: &str) -> Result<(), DriverError> {
        let key = self.key_at(item.at, unique);
        self.driver.store().put(HISTORY, &key, json!(item)).await?;
        let oldest = self.driver.store().scan(HISTORY, Order::Ascending, None, SWEPT).await?;
        let before = format!("{:015}", item.at.saturating_sub(KEPT).max(0));
        for (key, _) in oldest.into_iter().filter(|(key, _)| *key < before) {
            self.driver.store().remove(HISTORY, &key).await?;
        }
        Ok(())
    }

    /// The items from behind a key, each with its own.
    pub(crate) async fn history(
        &self,
        order: Order,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, HistoryItem)>, DriverError> {
        let found = self.driver.store().scan(HISTORY, order, after, limit).await?;
        Ok(found
            .into_iter()
            .filter_map(|(key, value)| Some((key, read(value)?)))
            .collect())
    }

    /// Keeps words for an action.
    pub(crate) async fn keep_notice(
        &self,
        notice: &AlarmNotice,
        at: Timestamp,
        unique: &str,
    ) -> Result<(), DriverError> {
        let key = self.key_at(at, unique);
        self.driver.store().put(NOTICES, &key, json!(notice)).await?;
        self.changed.send_replace(());
        Ok(())
    }

    /// The words that are still to be told, the earliest first, each with its id.
    pub(crate) async fn notices(&self, limit: usize) -> Result<Vec<(String, AlarmNotice)>, DriverError> {
        let found = self.driver.store().scan(NOTICES, Order::Ascending, None, limit).await?;
        let mut notices = Vec::new();
        for (id, value) in found {
            match read(value) {
                Some(notice) => notices.push((id, notice)),
                None => self.forget_notice(&id).await?,
            }
        }
        Ok(notices)
    }

    pub(crate) async fn forget_notice(&self, id: &str) -> Result<(), DriverError> {
        self.driver.store().remove(NOTICES, id).await?;
        Ok(())
    }

    /// Switches the actions of alarms on or off; one that is not there is passed over, as on AWS.
    pub(crate) async fn switch_actions(&self, names: &[String], enabled: bool) -> Result<(), DriverError> {
        let _alone = self.changing.lock().await;
        for name in names {
            if let Some(mut record) = self.get(name).await? {
                record.actions_enabled = enabled;
                self.put(name, &record).await?;
            }
        }
        Ok(())
    }

    /// A key that sorts by time, and by the order of calls at one time.
    fn key_at(&self, at: Timestamp, unique: &str) -> String {
        format!("{at:015}-{:06}-{unique}", self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// Reads a record. One that another release wrote differently counts as absent.
fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value)
        .inspect_err(|error| tracing::error!(%error, "a record of an alarm cannot be read"))
        .ok()
}
