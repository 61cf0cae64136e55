//! All services, for the routes.

use std::sync::Arc;

use sluice_cloudformation::{CloudFormation, Stacks};
use sluice_cloudwatch::{CloudWatch, Metrics};
use sluice_driver::Driver;
use sluice_dynamodb::DynamoDb;
use sluice_events::Events;
use sluice_kinesis::Kinesis;
use sluice_lambda::Lambda;
use sluice_logs::Logs;
use sluice_mappings::Mappings;
use sluice_sns::Sns;
use sluice_sqs::Sqs;
use sluice_stepfunctions::StepFunctions;
use sluice_streams::Streams;
use sluice_wire::{Account, RequestId};

use crate::activity::Activity;

/// Everything behind the endpoint. One per process, shared by its requests, the console and the task runner.
pub struct Services {
    /// Region, account, clock and randomness.
    pub config: Account,
    /// Step Functions' executions, and the durable store of the smaller services.
    pub driver: Driver,
    /// The functions of this machine with their URLs, and those behind `--lambda-endpoint`.
    pub lambda: Lambda,
    /// The DynamoDB tables.
    pub dynamodb: DynamoDb,
    /// The event bus and its rules.
    pub events: Events,
    /// Topics and the inbox.
    pub sns: Sns,
    /// State machines, executions and activities.
    pub stepfunctions: Arc<StepFunctions>,
    /// Queues.
    pub sqs: Sqs,
    /// Streams.
    pub kinesis: Kinesis,
    /// The logs of the functions.
    pub logs: Logs,
    /// Metrics and dashboards.
    pub cloudwatch: CloudWatch,
    /// Reads over stacks, and their deletion.
    pub cloudformation: CloudFormation,
    /// The store of streams, queues and the checkpoints of mappings.
    pub streams: Streams,
    /// The event source mappings that run.
    pub mappings: Mappings,
    /// Numbers about all that happened, for CloudWatch.
    pub metrics: Arc<Metrics>,
    /// The stacks, for DescribeStacks and its kin.
    pub stacks: Arc<Stacks>,
    /// Changes when the engine's clock was moved: who waits for a time on it looks again.
    pub clock_moved: tokio::sync::watch::Sender<()>,
    /// The activity beside these, for the time machine.
    pub activity: Activity,
}

impl Services {
    /// The id of a new request.
    pub(crate) fn request_id(&self) -> RequestId {
        RequestId::new(&self.config)
    }
}
