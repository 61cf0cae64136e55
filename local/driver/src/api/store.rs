//! The key-value store beside the executions.

use serde_json::Value;

use crate::client::Client;
use crate::journal::store;
use crate::request::{PutValue, RemoveBelow, StoreRequest};
use crate::{DriverError, Order};

/// A handle on the values that are kept in the journal by kind and key.
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
