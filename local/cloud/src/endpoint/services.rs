//! What the endpoint's calls work on.

use std::sync::Arc;

use sluice_driver::{Clock, Driver};
use sluice_engine::Timestamp;
use sluice_streams::Streams;
use sluice_wire::{Account, RequestId};
use uuid::Uuid;

use crate::cloudformation::Stacks;
use crate::cloudwatch::Metrics;
use crate::cloudwatch::sources::DynamoMetrics;
use crate::dynamodb::Dynamo;
use crate::lambda::{FunctionUrls, Lambda};
use crate::mapping::Mappings;
use crate::tasks::{Activities, Crowding};

pub use sluice_wire::Seed;

/// Where the endpoint pretends to be, and its inputs from the world.
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

    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

/// Everything behind the endpoint. One per process, shared by its requests, the console and the task runner.
pub struct Services {
    /// Region, account, clock and randomness.
    pub config: Config,
    /// Step Functions' executions, and the durable store of the smaller services.
    pub driver: Driver,
    /// The functions of this machine, and those behind `--lambda-endpoint`.
    pub lambda: Lambda,
    /// The function URLs, for GetFunctionUrlConfig.
    pub function_urls: FunctionUrls,
    /// The DynamoDB tables.
    pub dynamo: Dynamo,
    /// Kinesis streams, SQS queues and the checkpoints of mappings.
    pub streams: Streams,
    /// The event source mappings that run.
    pub mappings: Mappings,
    /// The tasks of activities that wait for a worker.
    pub activities: Activities,
    /// Which state machines have more to do than their functions can.
    pub crowding: Crowding,
    /// What happened, in numbers, for CloudWatch.
    pub metrics: Arc<Metrics>,
    /// Counts what the tables' calls consume.
    pub(crate) table_metrics: DynamoMetrics,
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
}
