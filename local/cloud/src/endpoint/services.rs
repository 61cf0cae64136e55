//! All services, for the routes.

use std::sync::Arc;

use sluice_cloudformation::{CloudFormation, Stacks};
use sluice_cloudwatch::{CloudWatch, Metrics};
use sluice_driver::{Clock, Driver};
use sluice_dynamodb::DynamoDb;
use sluice_engine::Timestamp;
use sluice_kinesis::Kinesis;
use sluice_mappings::Mappings;
use sluice_sns::Sns;
use sluice_sqs::Sqs;
use sluice_stepfunctions::StepFunctions;
use sluice_streams::Streams;
use sluice_wire::{Account, RequestId};
use uuid::Uuid;

use crate::lambda::Lambda;

pub use sluice_wire::Seed;

/// The endpoint's region and account, and its inputs from the world.
#[derive(Clone)]
pub struct Config {
    /// The region in ARNs, such as `us-east-1`.
    pub region: String,
    /// The account in ARNs: twelve digits.
    pub account: String,
    /// The engine's clock: what it shows is what mails, stacks and answers say.
    pub clock: Arc<dyn Clock>,
    /// Randomness for request ids, message ids and subscription ARNs.
    pub seed: Seed,
}

impl From<Account> for Config {
    fn from(account: Account) -> Self {
        Self {
            region: account.region,
            account: account.id,
            clock: account.clock,
            seed: account.seed,
        }
    }
}

impl Config {
    /// The same for a service that is a crate of its own.
    pub(crate) fn account(&self) -> Account {
        Account {
            region: self.region.clone(),
            id: self.account.clone(),
            clock: Arc::clone(&self.clock),
            seed: Arc::clone(&self.seed),
        }
    }

    /// Milliseconds since 1970 on the engine's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A random version 4 UUID.
    pub(crate) fn uuid(&self) -> Uuid {
        let [high, low] = (self.seed)();
        let bits = (u128::from(high) << 64) | u128::from(low);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

/// Everything behind the endpoint. One per process, shared by its requests, the console and the task runner.
pub struct Services {
    /// Region, account, clock and randomness.
    pub config: Config,
    /// Step Functions' executions, and the durable store of the smaller services.
    pub driver: Driver,
    /// The functions of this machine with their URLs, and those behind `--lambda-endpoint`.
    pub lambda: Lambda,
    /// The DynamoDB tables.
    pub dynamodb: DynamoDb,
    /// Topics and the inbox.
    pub sns: Sns,
    /// State machines, executions and activities.
    pub stepfunctions: Arc<StepFunctions>,
    /// Queues.
    pub sqs: Sqs,
    /// Streams.
    pub kinesis: Kinesis,
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
}

impl Services {
    /// The id of a new request.
    pub(crate) fn request_id(&self) -> RequestId {
        RequestId::new(&self.config.account())
    }

    /// The services that tasks call.
    pub(crate) fn integrations(&self) -> sluice_integrations::Services {
        sluice_integrations::Services {
            account: self.config.account(),
            lambda: self.lambda.clone(),
            dynamodb: self.dynamodb.clone(),
            sns: self.sns.clone(),
            stepfunctions: Arc::clone(&self.stepfunctions),
        }
    }
}
