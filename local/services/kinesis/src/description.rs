//! The parts that several responses have.

use serde::Serialize;

/// The response of an action that has nothing to say.
#[derive(Debug, Serialize)]
pub(crate) struct EmptyResponse {}

/// A stream's mode, which is always the same here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamModeDetails {
    stream_mode: &'static str,
}

impl StreamModeDetails {
    pub(crate) const PROVISIONED: Self = Self {
        stream_mode: "PROVISIONED",
    };
}

/// The metrics by shard, of which there are none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EnhancedMetrics {
    shard_level_metrics: [&'static str; 0],
}

impl EnhancedMetrics {
    pub(crate) const NONE: Self = Self {
        shard_level_metrics: [],
    };
}
