//! State machines.

use std::sync::Arc;

use crate::client::Client;
use crate::definition;
use crate::journal::machines;
use crate::request::{PutMachine, Request};
use crate::{DriverError, MachineRecord, PutMachineResult};

/// A handle on the state machines.
#[derive(Clone, Debug)]
pub struct Machines(pub(crate) Client);

impl Machines {
    /// Registers a state machine; with `if_absent`, only when there is none with its ARN.
    ///
    /// # Errors
    /// When the definition is not valid, or the journal fails.
    pub async fn put(&self, record: MachineRecord, if_absent: bool) -> Result<PutMachineResult, DriverError> {
        // Here, since a large definition would keep the engine from everyone else.
        let (text, kind) = (record.definition.clone(), record.kind);
        let checked = tokio::task::spawn_blocking(move || definition::check(&text, kind)).await;
        let refused = match checked {
            Ok(Ok(())) => None,
            Ok(Err(diagnostics)) => Some(diagnostics),
            Err(failure) => Some(failure.to_string()),
        };
        if let Some(diagnostics) = refused {
            return Err(DriverError::Definition {
                arn: record.arn,
                diagnostics,
            });
        }
        let record = Box::new(record);
        self.0.ask(PutMachine { record, if_absent }, Request::PutMachine).await
    }

    /// Returns the state machine with this ARN.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn get(&self, arn: &str) -> Result<Option<MachineRecord>, DriverError> {
        let arn = arn.to_owned();
        self.0.read(move |connection| machines::get(connection, &arn)).await
    }

    /// Lists at most `limit` state machines in the order of their ARNs, from behind the ARN `after`.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn list(&self, after: Option<String>, limit: usize) -> Result<Vec<MachineRecord>, DriverError> {
        let query = move |connection: &_| machines::list(connection, after.as_deref(), limit);
        self.0.read(query).await
    }

    /// Deletes a state machine; false: there is none. Its running executions end normally.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn delete(&self, arn: &str) -> Result<bool, DriverError> {
        self.0.ask(arn.to_owned(), Request::DeleteMachine).await
    }

    /// Returns the text of a definition that executions run or ran ([`crate::ExecutionRecord::definition_id`]).
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn definition(&self, id: i64) -> Result<Option<Arc<str>>, DriverError> {
        self.0
            .read(move |connection| machines::definition(connection, id))
            .await
    }
}
