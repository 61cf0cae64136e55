//! `AWS::Lambda::EventSourceMapping`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html>).

use indexmap::IndexMap;

use crate::error::Problem;
use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

/// A mapping that calls a function with the records of a Kinesis stream. `Ref` and `Id` give its UUID.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSourceMapping {
    /// Its UUID.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The logical id of the stream.
    pub stream: String,
    /// `EventSourceArn`: the stream's ARN.
    pub source_arn: String,
    /// The logical id of the function.
    pub function: String,
    /// `Enabled`; true when absent.
    pub enabled: bool,
    /// `BatchSize`: 1 to 10,000 records; 100 when absent.
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`: 0 to 300; 0 when absent.
    pub window_seconds: u32,
    /// `ParallelizationFactor`: batches of one shard at once, 1 to 10; 1 when absent.
    pub parallelization_factor: u32,
    /// `StartingPosition`.
    pub starting_position: StartingPosition,
    /// `BisectBatchOnFunctionError`; false when absent.
    pub bisect_on_error: bool,
    /// `MaximumRetryAttempts`: 0 to 10,000; `None` (-1, or absent) is until the records expire.
    pub max_retries: Option<u32>,
    /// `MaximumRecordAgeInSeconds`: 60 to 604,800; `None` (-1, or absent) is until they expire.
    pub max_record_age_seconds: Option<u32>,
    /// `DestinationConfig.OnFailure.Destination`: the ARN of a queue or a topic.
    pub on_failure_arn: Option<String>,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_item_failures: bool,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
    /// `FunctionName` as given: a name or an ARN.
    target: String,
}

/// The position in a stream at which reading begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StartingPosition {
    /// `TRIM_HORIZON`: the oldest record.
    TrimHorizon,
    /// `LATEST`: what comes from now on.
    Latest,
    /// `AT_TIMESTAMP`: in seconds since 1970, as `StartingPositionTimestamp` says.
    AtTimestamp(f64),
}

#[derive(Clone, Copy)]
enum Position {
    TrimHorizon,
    Latest,
    AtTimestamp,
}

impl Choice for Position {
    const ALL: &'static [(&'static str, Self)] = &[
        ("TRIM_HORIZON", Position::TrimHorizon),
        ("LATEST", Position::Latest),
        ("AT_TIMESTAMP", Position::AtTimestamp),
    ];
}

#[derive(Clone, Copy)]
enum ResponseType {
    ReportBatchItemFailures,
}

impl Choice for ResponseType {
    const ALL: &'static [(&'static str, Self)] = &[("ReportBatchItemFailures", ResponseType::ReportBatchItemFailures)];
}

const STREAMS_ONLY: &str = "only Kinesis streams are read; leave it out";

impl Kind for EventSourceMapping {
    const TYPE: &'static str = "AWS::Lambda::EventSourceMapping";
    const ATTRIBUTES: &'static [&'static str] = &["EventSourceMappingArn", "Id"];
    const PROPERTIES: &'static [Property] = &[
        Property::refused("AmazonManagedKafkaEventSourceConfig", STREAMS_ONLY),
        Property::honoured("BatchSize"),
        Property::honoured("BisectBatchOnFunctionError"),
        Property::honoured("DestinationConfig"),
        Property::refused("DocumentDBEventSourceConfig", STREAMS_ONLY),
        Property::honoured("Enabled"),
        Property::honoured("EventSourceArn"),
        Property::refused("FilterCriteria", "every record is handed over; filter in the function"),
        Property::honoured("FunctionName"),
        Property::honoured("FunctionResponseTypes"),
        Property::ignored("KmsKeyArn", Shape::Text, "nothing is encrypted locally"),
        Property::ignored("LoggingConfig", Shape::Mapping, "the mapping logs with everything else"),
        Property::honoured("MaximumBatchingWindowInSeconds"),
        Property::honoured("MaximumRecordAgeInSeconds"),
        Property::honoured("MaximumRetryAttempts"),
        Property::ignored("MetricsConfig", Shape::Mapping, "mappings are not measured one by one"),
        Property::honoured("ParallelizationFactor"),
        Property::ignored(
            "ProvisionedPollerConfig",
            Shape::Mapping,
            "each shard has a reader of its own",
        ),
        Property::refused("Queues", STREAMS_ONLY),
        Property::refused("ScalingConfig", "it is for queues; use ParallelizationFactor"),
        Property::refused("SelfManagedEventSource", STREAMS_ONLY),
        Property::refused("SelfManagedKafkaEventSourceConfig", STREAMS_ONLY),
        Property::refused("SourceAccessConfigurations", STREAMS_ONLY),
        Property::honoured("StartingPosition"),
        Property::honoured("StartingPositionTimestamp"),
        Property::honoured("Tags"),
        Property::refused("Topics", STREAMS_ONLY),
        Property::refused(
            "TumblingWindowInSeconds",
            "no state is kept between batches; keep it in a table",
        ),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let (source_arn, target) = (read_source(fields), fields.required_text("FunctionName"));
        let starting_position = read_position(fields);
        let id = identity.uuid();
        Some(EventSourceMapping {
            arn: identity.arn("lambda", &format!("event-source-mapping:{id}")),
            id,
            stream: String::new(),
            function: String::new(),
            enabled: fields.boolean("Enabled").unwrap_or(true),
            batch_size: fields.integer("BatchSize", 1, 10_000).unwrap_or(100),
            window_seconds: fields.integer("MaximumBatchingWindowInSeconds", 0, 300).unwrap_or(0),
            parallelization_factor: fields.integer("ParallelizationFactor", 1, 10).unwrap_or(1),
            bisect_on_error: fields.boolean("BisectBatchOnFunctionError").unwrap_or(false),
            max_retries: unless_endless(fields, "MaximumRetryAttempts", 0, 10_000),
            max_record_age_seconds: unless_endless(fields, "MaximumRecordAgeInSeconds", 60, 604_800),
            on_failure_arn: read_destination(fields),
            report_item_failures: !fields.choices::<ResponseType>("FunctionResponseTypes").is_empty(),
            tags: fields.tags(),
            source_arn: source_arn?,
            starting_position: starting_position?,
            target: target?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.id.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        match name {
            "EventSourceMappingArn" => Some(self.arn.clone()),
            "Id" => Some(self.id.clone()),
            _ => None,
        }
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        self.function = peers.find("FunctionName", ResourceType::Function, &self.target)?;
        self.stream = peers.find("EventSourceArn", ResourceType::Stream, &self.source_arn)?;
        if let Some(queue) = self.on_failure_arn.as_deref().filter(|arn| service(arn) == Some("sqs")) {
            peers.find("DestinationConfig", ResourceType::Queue, queue)?;
        }
        Ok(())
    }
}

/// The service that an ARN belongs to.
fn service(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(1)
}

fn read_source(fields: &Fields<'_>) -> Option<String> {
    let arn = fields.required_text("EventSourceArn")?;
    match service(&arn) {
        Some("kinesis") => Some(arn),
        Some(other) => {
            fields.refuse(
                "EventSourceArn",
                &format!("an event source of `{other}`"),
                "use a Kinesis stream",
            );
            None
        }
        None => {
            fields.not_allowed("EventSourceArn", &arn, "it must be the ARN of a Kinesis stream");
            None
        }
    }
}

fn read_position(fields: &Fields<'_>) -> Option<StartingPosition> {
    let timestamp = fields.number("StartingPositionTimestamp");
    let position = fields.required("StartingPosition", fields.choice("StartingPosition"))?;
    if let (Position::TrimHorizon | Position::Latest, Some(node)) = (position, fields.node("StartingPositionTimestamp"))
    {
        let message = "it belongs to the StartingPosition AT_TIMESTAMP".to_owned();
        fields.report(node.at, "StartingPositionTimestamp", Problem::Conflict(message));
    }
    match position {
        Position::TrimHorizon => Some(StartingPosition::TrimHorizon),
        Position::Latest => Some(StartingPosition::Latest),
        Position::AtTimestamp => {
            let timestamp = fields.required("StartingPositionTimestamp", timestamp)?;
            Some(StartingPosition::AtTimestamp(timestamp))
        }
    }
}

/// A number from `min` to `max`; -1 stands for no end.
fn unless_endless(fields: &Fields<'_>, name: &str, min: i64, max: i64) -> Option<u32> {
    let endless = fields.node(name).and_then(crate::node::Node::as_text) == Some("-1");
    if endless { None } else { fields.integer(name, min, max) }
}

fn read_destination(fields: &Fields<'_>) -> Option<String> {
    let on_failure = fields
        .nested("DestinationConfig", &["OnFailure"])?
        .nested("OnFailure", &["Destination"])?;
    let arn = on_failure.text("Destination")?;
    match service(&arn) {
        Some("sqs" | "sns") => Some(arn),
        Some(other) => {
            on_failure.refuse(
                "Destination",
                &format!("a destination of `{other}`"),
                "use a queue or a topic",
            );
            None
        }
        None => {
            on_failure.not_allowed("Destination", &arn, "it must be the ARN of a queue or a topic");
            None
        }
    }
}
