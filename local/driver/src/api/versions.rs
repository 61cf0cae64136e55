//! Versions of state machines.

use crate::client::Client;
use crate::journal::versions;
use crate::request::Request;
use crate::{DriverError, PublishVersion, VersionError, VersionRecord, VersionSummary};

/// A handle on the versions of state machines.
#[derive(Clone, Debug)]
pub struct Versions(pub(crate) Client);

impl Versions {
    /// Publishes a state machine as it is now. A revision that has a version is not published again: that version is
    /// returned.
    ///
    /// # Errors
    /// When there is no such state machine, its revision is another, it has 1000 versions, or the driver fails.
    pub async fn publish(&self, version: PublishVersion) -> Result<VersionSummary, VersionError> {
        self.0.ask(version, Request::PublishVersion).await
    }

    /// Deletes a version; false: there is none. Its number is not given again.
    ///
    /// # Errors
    /// When aliases lead to it, or the driver fails.
    pub async fn delete(&self, machine_arn: &str, number: u64) -> Result<bool, VersionError> {
        let version = (machine_arn.to_owned(), number);
        self.0.ask(version, Request::DeleteVersion).await
    }

    /// Returns a version of the state machine with this ARN.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn get(&self, machine_arn: &str, number: u64) -> Result<Option<VersionRecord>, DriverError> {
        let arn = machine_arn.to_owned();
        let query = move |connection: &_| versions::get(connection, &arn, number);
        self.0.read(query).await
    }

    /// Lists at most `limit` versions of a state machine, the newest first, from below the number `before`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn list(
        &self,
        machine_arn: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<VersionSummary>, DriverError> {
        let arn = machine_arn.to_owned();
        let query = move |connection: &_| versions::list(connection, &arn, before, limit);
        self.0.read(query).await
    }
}
