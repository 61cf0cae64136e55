//! Aliases of state machines.

use crate::client::Client;
use crate::journal::versions;
use crate::request::Request;
use crate::{AliasRecord, CreateAlias, DriverError, UpdateAlias, VersionError};

/// A handle on the aliases of state machines.
#[derive(Clone, Debug)]
pub struct Aliases(pub(crate) Client);

impl Aliases {
    /// Creates an alias; if it is there already, with the same routes and description, returns that.
    ///
    /// # Errors
    /// When a version is not there, the name is taken, the state machine has 100 aliases, or the driver fails.
    pub async fn create(&self, alias: CreateAlias) -> Result<AliasRecord, VersionError> {
        self.0.ask(alias, Request::CreateAlias).await
    }

    /// Changes what is given of an alias.
    ///
    /// # Errors
    /// When there is no such alias or version, or the driver fails.
    pub async fn update(&self, update: UpdateAlias) -> Result<AliasRecord, VersionError> {
        self.0.ask(update, Request::UpdateAlias).await
    }

    /// Deletes an alias; false: there is none.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn delete(&self, machine_arn: &str, name: &str) -> Result<bool, DriverError> {
        let alias = (machine_arn.to_owned(), name.to_owned());
        self.0.ask(alias, Request::DeleteAlias).await
    }

    /// Returns the alias of a state machine with this name.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn get(&self, machine_arn: &str, name: &str) -> Result<Option<AliasRecord>, DriverError> {
        let (arn, name) = (machine_arn.to_owned(), name.to_owned());
        let query = move |connection: &_| versions::alias(connection, &arn, &name);
        self.0.read(query).await
    }

    /// Lists at most `limit` aliases of a state machine, the oldest first, from behind the one numbered `after`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn list(
        &self,
        machine_arn: &str,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<AliasRecord>, DriverError> {
        let arn = machine_arn.to_owned();
        let query = move |connection: &_| versions::aliases(connection, &arn, after, limit);
        self.0.read(query).await
    }
}
