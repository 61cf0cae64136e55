//! The stream that a request means: by a name, an ARN, or both.

use serde::Deserialize;
use sluice_streams::Stream;
use sluice_wire::{Arn, Constraints};

use crate::{Kinesis, KinesisError};

/// The members that name a stream.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct StreamRef {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
}

impl StreamRef {
    /// Tells whether nothing names a stream.
    pub(crate) fn is_absent(&self) -> bool {
        self.stream_name.is_none() && self.stream_arn.is_none()
    }

    pub(crate) fn check(&self, constraints: &mut Constraints) {
        if let Some(name) = &self.stream_name {
            check_name(constraints, "streamName", name);
        }
        if let Some(arn) = &self.stream_arn {
            constraints.text("streamARN", Some(arn.clone()), 1..=2048);
            let pattern = r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+";
            constraints.pattern("streamARN", arn, pattern, name_in(arn).is_some());
        }
    }

    /// The stream's name; one of a foreign account or region is not found.
    pub(crate) fn name(&self, kinesis: &Kinesis) -> Result<String, KinesisError> {
        let named = self.stream_arn.as_deref().and_then(|arn| Some((arn, name_in(arn)?)));
        match (named, &self.stream_name) {
            (None, None) => Err(KinesisError::InvalidArgument(
                "Either StreamName or StreamARN must be given.".to_owned(),
            )),
            (None, Some(name)) => Ok(name.clone()),
            (Some((_, in_arn)), Some(name)) if in_arn != name => Err(KinesisError::InvalidArgument(format!(
                "StreamName {name} is not the stream of the StreamARN."
            ))),
            (Some((arn, name)), _) if kinesis.stream_arn(name) == arn => Ok(name.to_owned()),
            (Some((_, name)), _) => Err(kinesis.not_found(name)),
        }
    }

    pub(crate) async fn find(&self, kinesis: &Kinesis) -> Result<Stream, KinesisError> {
        let name = self.name(kinesis)?;
        let stream = kinesis.streams.stream(&name).await?;
        stream.ok_or_else(|| kinesis.not_found(&name))
    }
}

/// The stream's name in an ARN of a stream.
fn name_in(arn: &str) -> Option<&str> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "kinesis")?;
    arn.resource.strip_prefix("stream/").filter(|name| !name.is_empty())
}

pub(crate) fn check_name(constraints: &mut Constraints, member: &str, name: &str) {
    constraints.text(member, Some(name.to_owned()), 1..=128);
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    constraints.pattern(member, name, "[a-zA-Z0-9_.-]+", plain);
}
