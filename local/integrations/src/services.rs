//! The services that tasks call.

use std::sync::Arc;

use sluice_dynamodb::DynamoDb;
use sluice_lambda::Lambda;
use sluice_sns::Sns;
use sluice_stepfunctions::StepFunctions;
use sluice_wire::Account;

/// The services that tasks call.
pub struct Services {
    /// The account, for request ids and times.
    pub account: Account,
    /// Functions.
    pub lambda: Lambda,
    /// Tables.
    pub dynamodb: DynamoDb,
    /// Topics.
    pub sns: Sns,
    /// Executions, and the activities whose tasks wait for workers.
    pub stepfunctions: Arc<StepFunctions>,
}
