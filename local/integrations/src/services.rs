//! The services that tasks call.

use std::sync::Arc;

use sluice_dynamodb::DynamoDb;
use sluice_lambda::Lambda;
use sluice_sns::Sns;
use sluice_stepfunctions::StepFunctions;
use sluice_wire::Account;

use crate::endpoint::Endpoint;
use crate::http_tasks::HttpTasks;
use crate::mocks::Mocks;

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
    /// All that the endpoint answers.
    pub endpoint: Arc<dyn Endpoint>,
    /// The endpoint's host and port, for addresses that it gives out.
    pub host: String,
    /// The hosts that `http:invoke` may call.
    pub http: Arc<HttpTasks>,
    /// The results that a file gives in place of calls.
    pub mocks: Option<Arc<Mocks>>,
}
