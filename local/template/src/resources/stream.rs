//! `AWS::Kinesis::Stream`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesis-stream.html>).

use indexmap::IndexMap;

use crate::error::Problem;
use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// A data stream. `Ref` gives its name, `Arn` its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// `Name`, or a generated name; at most 128 characters.
    pub name: String,
    /// The stream's ARN.
    pub arn: String,
    /// `StreamModeDetails.StreamMode`; provisioned when absent.
    pub mode: StreamMode,
    /// `ShardCount` of a provisioned stream: at least 1; absent for one on demand.
    pub shard_count: Option<u32>,
    /// `RetentionPeriodHours`: 24 to 8,760; 24 when absent.
    pub retention_hours: u32,
    /// `MaxRecordSizeInKiB`: 1,024 to 10,240; 1,024 when absent.
    pub max_record_kib: u32,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

/// The capacity mode of a stream, named after the one that decides the number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamMode {
    /// The template.
    Provisioned,
    /// Kinesis, by load.
    OnDemand,
}

impl Choice for StreamMode {
    const ALL: &'static [(&'static str, Self)] = &[
        ("PROVISIONED", StreamMode::Provisioned),
        ("ON_DEMAND", StreamMode::OnDemand),
    ];
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encryption {
    Kms,
}

impl Choice for Encryption {
    const ALL: &'static [(&'static str, Self)] = &[("KMS", Encryption::Kms)];
}

impl Kind for Stream {
    const TYPE: &'static str = "AWS::Kinesis::Stream";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored(
            "DesiredShardLevelMetrics",
            Shape::List,
            "shards are not measured one by one",
        ),
        Property::honoured("MaxRecordSizeInKiB"),
        Property::honoured("Name"),
        Property::refused(
            "RecordDistributionStrategy",
            "records go to shards by their partition keys; leave it out",
        ),
        Property::honoured("RetentionPeriodHours"),
        Property::honoured("ShardCount"),
        Property::ignored("StreamEncryption", Shape::Mapping, "records are not encrypted locally"),
        Property::honoured("StreamModeDetails"),
        Property::honoured("Tags"),
        Property::ignored(
            "WarmThroughputMiBps",
            Shape::Integer,
            "a stream is as fast as the machine",
        ),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("Name", 128, "_.-")
            .unwrap_or_else(|| identity.generated_name(128));
        let details = fields.nested("StreamModeDetails", &["StreamMode"]);
        let mode = details.map_or(Some(StreamMode::Provisioned), |details| {
            details.required("StreamMode", details.choice("StreamMode"))
        })?;
        if let Some(encryption) = fields.nested("StreamEncryption", &["EncryptionType", "KeyId"]) {
            encryption.required("EncryptionType", encryption.choice::<Encryption>("EncryptionType"));
            encryption.required_text("KeyId");
        }
        let shard_count = fields.integer("ShardCount", 1, 100_000);
        if let (StreamMode::OnDemand, Some(node)) = (mode, fields.node("ShardCount")) {
            let message = "a stream ON_DEMAND has no ShardCount; Kinesis decides".to_owned();
            fields.report(node.at, "ShardCount", Problem::Conflict(message));
        }
        let shard_count = match mode {
            StreamMode::Provisioned => Some(fields.required("ShardCount", shard_count)?),
            StreamMode::OnDemand => None,
        };
        Some(Stream {
            arn: identity.arn("kinesis", &format!("stream/{name}")),
            name,
            mode,
            shard_count,
            retention_hours: fields.integer("RetentionPeriodHours", 24, 8_760).unwrap_or(24),
            max_record_kib: fields.integer("MaxRecordSizeInKiB", 1_024, 10_240).unwrap_or(1_024),
            tags: fields.tags(),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }

    /// Event source mappings name a stream by its ARN.
    fn aliases(&self, _: &Identity<'_>) -> Vec<String> {
        vec![self.name.clone(), self.arn.clone()]
    }
}
