//! The key-value store beside the executions.

use serde_json::Value;

use crate::client::Client;
use crate::journal::store;
use crate::request::{PutValue, RemoveBelow, StoreRequest};
use crate::{DriverError, Order};

/// A handle on the values that are kept in the journal by kind and key.
///
/// ```
/// # struct Runner;
/// # impl sluice_driver::TaskRunner for Runner {
/// #     fn run(&self, task: sluice_driver::RunningTask) {
/// #         task.succeed(serde_json::json!("done"));
/// #     }
/// # }
/// # fn config(directory: &std::path::Path) -> sluice_driver::DriverConfig {
/// #     sluice_driver::DriverConfig {
/// #         directory: directory.to_owned(),
/// #         clock: std::sync::Arc::new(sluice_driver::SystemClock::new()),
/// #         seed: std::sync::Arc::new(|| [1, 2]),
/// #         region: "us-east-1".into(),
/// #         account: "123456789012".into(),
/// #         retention: sluice_driver::EXECUTION_RETENTION,
/// #         observer: std::sync::Arc::new(sluice_driver::NoObserver),
/// #         retry: sluice_driver::RetryBackoff::default(),
/// #         worker: None,
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let driver = sluice_driver::Driver::open(config(directory.path()), std::sync::Arc::new(Runner))?;
/// let store = driver.store();
/// store.put("topic", "news", serde_json::json!({ "subscribers": 2 })).await?;
/// assert!(!store.put_if_absent("topic", "news", serde_json::json!({})).await?);
/// let news = store.get("topic", "news").await?;
/// assert_eq!(news, Some(serde_json::json!({ "subscribers": 2 })));
/// # driver.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Store(pub(crate) Client);

impl Store {
    /// Keeps a value under a kind and a key, over what was there.
    ///
    /// # Errors
    /// When the value is nested too deeply, or the driver fails.
    pub async fn put(&self, kind: &'static str, key: &str, value: Value) -> Result<(), DriverError> {
        let key = key.to_owned();
        self.0
            .ask(PutValue { kind, key, value }, |call| StoreRequest::Put(call).into())
            .await
    }

    /// Keeps a value if the key is free; returns whether it was.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub async fn put_if_absent(&self, kind: &'static str, key: &str, value: Value) -> Result<bool, DriverError> {
        let key = key.to_owned();
        self.0
            .ask(PutValue { kind, key, value }, |call| {
                StoreRequest::PutIfAbsent(call).into()
            })
            .await
    }

    /// Returns the value of a key.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Value>, DriverError> {
        let key = key.to_owned();
        self.0.read(move |connection| store::get(connection, kind, &key)).await
    }

    /// Removes a value; returns whether it was there.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn remove(&self, kind: &'static str, key: &str) -> Result<bool, DriverError> {
        self.0
            .ask((kind, key.to_owned()), |call| StoreRequest::Remove(call).into())
            .await
    }

    /// Removes at most `limit` values of a kind whose keys come before `below`; returns how many.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn remove_below(&self, kind: &'static str, below: &str, limit: usize) -> Result<usize, DriverError> {
        let below = below.to_owned();
        let range = RemoveBelow { kind, below, limit };
        self.0.ask(range, |call| StoreRequest::RemoveBelow(call).into()).await
    }

    /// Returns at most `limit` values of a kind in the order of their keys, from behind `after`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn scan(
        &self,
        kind: &'static str,
        order: Order,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, Value)>, DriverError> {
        let query = move |connection: &_| store::scan(connection, kind, order, after.as_deref(), limit);
        self.0.read(query).await
    }
}
