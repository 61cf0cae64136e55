//! AWS's published numbers.
//!
//! They are defaults of an account in a region. Most are soft: AWS raises them on request and by itself, and says that it may change
//! them at any time. Look them up before relying on one: `aws service-quotas list-service-quotas --service-code states`.
//!
//! | numbers | source | as of |
//! |---|---|---|
//! | Step Functions' API | developer guide, "Quotas related to API action throttling" and "Other quotas" ([today's page][states]) | 2022, AWS's copy on GitHub |
//! | Step Functions' state transitions | developer guide, "Quotas related to state throttling" ([today's page][states]) | 2022, AWS's copy on GitHub |
//! | Lambda's concurrency | [developer guide, "Lambda quotas"][lambda]: 1,000; new accounts have less | 2026 |
//! | Lambda's requests a second, and what reservations leave | [developer guide, "Lambda quotas"][lambda] (10 for each unit of concurrency) and [reserved concurrency][reserved] (100 stay) | 2026 |
//! | DynamoDB's partitions | [developer guide, partition keys][partitions] (1,000 and 3,000 units a second) and [AWS's support][on-demand] (4,000 and 12,000 for a new table on demand: four partitions) | 2026 |
//! | SNS's mails | [developer guide, "Amazon SNS email subscription setup"][sns]: above 10 a second the subscription is suspended | 2026 |
//!
//! [states]: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
//! [lambda]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
//! [reserved]: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
//! [partitions]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
//! [on-demand]: https://repost.aws/knowledge-center/on-demand-table-throttling-dynamodb
//! [sns]: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html

use std::time::Duration;

pub use crate::bucket::Rate;

const fn rate(size: u32, refill: u32) -> Rate {
    Rate { size, refill }
}

/// Step Functions' API, Standard workflows: the operation, in us-east-1, us-west-2 and eu-west-1, and elsewhere.
pub const STATES_API: [(&str, Rate, Rate); 22] = [
    ("CreateActivity", rate(100, 1), rate(100, 1)),
    ("CreateStateMachine", rate(100, 1), rate(100, 1)),
    ("DeleteActivity", rate(100, 1), rate(100, 1)),
    ("DeleteStateMachine", rate(100, 1), rate(100, 1)),
    ("DescribeActivity", rate(200, 1), rate(200, 1)),
    ("DescribeExecution", rate(300, 15), rate(250, 10)),
    ("DescribeStateMachine", rate(200, 20), rate(200, 20)),
    ("DescribeStateMachineForExecution", rate(200, 1), rate(200, 1)),
    ("GetActivityTask", rate(3_000, 500), rate(1_500, 300)),
    ("GetExecutionHistory", rate(400, 20), rate(400, 20)),
    ("ListActivities", rate(100, 10), rate(100, 5)),
    ("ListExecutions", rate(200, 5), rate(100, 2)),
    ("ListStateMachines", rate(100, 5), rate(100, 5)),
    ("ListTagsForResource", rate(100, 1), rate(100, 1)),
    ("SendTaskFailure", rate(3_000, 500), rate(1_500, 300)),
    ("SendTaskHeartbeat", rate(3_000, 500), rate(1_500, 300)),
    ("SendTaskSuccess", rate(3_000, 500), rate(1_500, 300)),
    ("StartExecution", rate(1_300, 300), rate(800, 150)),
    ("StopExecution", rate(1_000, 200), rate(500, 25)),
    ("TagResource", rate(200, 1), rate(200, 1)),
    ("UntagResource", rate(200, 1), rate(200, 1)),
    ("UpdateStateMachine", rate(100, 1), rate(100, 1)),
];

/// Invocations of all functions together that run at a time.
pub const LAMBDA_CONCURRENCY: usize = 1_000;

/// The same in a new account.
pub const LAMBDA_CONCURRENCY_NEW_ACCOUNT: usize = 10;

/// Mails to one e-mail subscription.
pub const SNS_MAILS: Rate = rate(10, 10);

/// The time after which a suspended subscription that nobody confirms again is deleted.
pub const SNS_SUSPENDED: Duration = Duration::from_hours(48);

/// State transitions of Standard workflows in us-east-1, us-west-2 and eu-west-1, and elsewhere. Those beyond them are delayed.
pub const STATE_TRANSITIONS: (Rate, Rate) = (rate(5_000, 1_500), rate(800, 500));

/// The concurrency that reservations leave to the functions without one.
pub const LAMBDA_LEAST_UNRESERVED: usize = 100;

/// Invocations a second for each unit of a function's concurrency.
pub const LAMBDA_REQUESTS: u32 = 10;

/// The partitions that a new table on demand has.
pub const DYNAMODB_PARTITIONS: u64 = 4;

/// Write units of one partition.
pub const DYNAMODB_PARTITION_WRITES: Rate = rate(1_000, 1_000);

/// Read units of one partition.
pub const DYNAMODB_PARTITION_READS: Rate = rate(3_000, 3_000);
