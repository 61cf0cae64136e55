//! Map Runs and their child executions.

use sluice_engine::{MapRunReport, MapRunUpdate, Timestamp};

use crate::client::Client;
use crate::journal::{children, executions};
use crate::request::Request;
use crate::{ChildFilter, ChildRecord, DriverError, MapRunRecord, Page};

/// A handle on the Map Runs of executions.
#[derive(Clone, Debug)]
pub struct MapRuns(pub(crate) Client);

impl MapRuns {
    /// Lists the Map Runs that the execution with this ARN has started, the oldest first. None for one that is not there.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn list(&self, execution_arn: &str) -> Result<Vec<MapRunReport>, DriverError> {
        let arn = execution_arn.to_owned();
        let query = move |connection: &_| {
            let key = match executions::key_of(connection, &arn)? {
                Some(key) => Some(key),
                None => children::find(connection, &arn)?.map(|child| child.execution),
            };
            let Some(key) = key else { return Ok(Vec::new()) };
            let mut runs = children::runs(connection, key)?;
            runs.retain(|run| *run.execution_arn == *arn);
            Ok(runs)
        };
        self.0.read(query).await
    }

    /// Returns the Map Run with this ARN; what ended before `oldest` counts as not redrivable.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn get(&self, arn: &str, oldest: Timestamp) -> Result<Option<MapRunRecord>, DriverError> {
        let arn = arn.to_owned();
        let query = move |connection: &_| {
            let Some((_, report)) = children::run(connection, &arn)? else {
                return Ok(None);
            };
            let (executions_not_redrivable, items_not_redrivable) = if report.express {
                (0, 0)
            } else {
                children::not_redrivable(connection, &arn, oldest)?
            };
            Ok(Some(MapRunRecord {
                report,
                executions_not_redrivable,
                items_not_redrivable,
            }))
        };
        self.0.read(query).await
    }

    /// Lists a page of the child executions of a Map Run, newest first; `None`: there is no such run.
    ///
    /// # Errors
    /// When the cursor is none of this list's, or the journal fails.
    pub async fn children(&self, filter: ChildFilter) -> Result<Option<Page<ChildRecord>>, DriverError> {
        self.0.read(move |connection| children::list(connection, &filter)).await
    }

    /// Changes the limits of a Map Run at work; false: it is over; `None`: there is no such Map Run.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn update(&self, arn: &str, update: MapRunUpdate) -> Result<Option<bool>, DriverError> {
        self.0.ask((arn.to_owned(), update), Request::UpdateMapRun).await
    }
}
