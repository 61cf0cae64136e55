//! Mappings as Lambda's API shows them.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use sluice_engine::Timestamp;
use sluice_streams::StartingPosition;

use super::{MappingSpec, Stop};
use crate::endpoint::{Config, epoch_seconds};

/// A mapping that runs.
pub(crate) struct Mapping {
    pub(crate) uuid: String,
    pub(crate) spec: MappingSpec,
    pub(crate) function_arn: String,
    pub(super) created: Timestamp,
    pub(super) last_result: Mutex<&'static str>,
}

impl Mapping {
    /// What came of the last batch, in Lambda's words.
    pub(super) fn note_result(&self, result: &'static str) {
        *self.last_result.lock().unwrap_or_else(PoisonError::into_inner) = result;
    }
}

/// The members of `EventSourceMappingConfiguration`.
pub(crate) fn shown(config: &Config, mapping: &Mapping, stop: Stop) -> Value {
    let spec = &mapping.spec;
    let state = match stop {
        Stop::Not => "Enabled",
        Stop::Drain | Stop::AtOnce => "Deleting",
    };
    // -1 says that there is no limit
    let unlimited = |limit: Option<u32>| limit.map_or(-1, i64::from);
    let mut shown = json!({
        "UUID": mapping.uuid,
        "EventSourceMappingArn": config.arn("lambda", &format!("event-source-mapping:{}", mapping.uuid)),
        "EventSourceArn": spec.stream_arn,
        "FunctionArn": mapping.function_arn,
        "BatchSize": spec.batch_size,
        "MaximumBatchingWindowInSeconds": spec.batching_window_seconds,
        "ParallelizationFactor": spec.parallelization_factor,
        "BisectBatchOnFunctionError": spec.bisect_batch_on_function_error,
        "MaximumRetryAttempts": unlimited(spec.maximum_retry_attempts),
        "MaximumRecordAgeInSeconds": unlimited(spec.maximum_record_age_seconds),
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": if spec.report_batch_item_failures { vec!["ReportBatchItemFailures"] } else { Vec::new() },
        "DestinationConfig": { "OnFailure": {} },
        "LastModified": epoch_seconds(mapping.created),
        "LastProcessingResult": *mapping.last_result.lock().unwrap_or_else(PoisonError::into_inner),
        "State": state,
        "StateTransitionReason": "User action",
    });
    if let Some(arn) = &spec.on_failure {
        shown["DestinationConfig"]["OnFailure"]["Destination"] = json!(arn);
    }
    let (position, at) = match spec.starting_position {
        StartingPosition::TrimHorizon => ("TRIM_HORIZON", None),
        StartingPosition::Latest => ("LATEST", None),
        StartingPosition::AtTimestamp(at) => ("AT_TIMESTAMP", Some(at)),
    };
    shown["StartingPosition"] = json!(position);
    if let Some(at) = at {
        shown["StartingPositionTimestamp"] = json!(epoch_seconds(at));
    }
    shown
}
