//! Mappings as Lambda's API describes them.

use serde::Serialize;
use sluice_streams::StartingPosition;
use sluice_wire::{Account, epoch_seconds};

use crate::StopMode;
use crate::mapping::Mapping;

/// [EventSourceMappingConfiguration](https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html).
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EventSourceMappingConfiguration {
    #[serde(rename = "UUID")]
    uuid: String,
    event_source_mapping_arn: String,
    event_source_arn: String,
    function_arn: String,
    batch_size: u32,
    maximum_batching_window_in_seconds: u32,
    parallelization_factor: u32,
    bisect_batch_on_function_error: bool,
    maximum_retry_attempts: i64,
    maximum_record_age_in_seconds: i64,
    tumbling_window_in_seconds: u32,
    function_response_types: Vec<&'static str>,
    destination_config: DestinationConfig,
    last_modified: f64,
    last_processing_result: &'static str,
    state: &'static str,
    state_transition_reason: &'static str,
    starting_position: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_position_timestamp: Option<f64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_failure: OnFailure,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct OnFailure {
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
}

impl EventSourceMappingConfiguration {
    /// The description of a mapping that runs, or ends.
    pub(crate) fn of(account: &Account, mapping: &Mapping, stop: StopMode) -> Self {
        let spec = &mapping.spec;
        // -1 says that there is no limit
        let unlimited = |limit: Option<u32>| limit.map_or(-1, i64::from);
        let (starting_position, at) = match spec.starting_position {
            StartingPosition::TrimHorizon => ("TRIM_HORIZON", None),
            StartingPosition::Latest => ("LATEST", None),
            StartingPosition::AtTimestamp(at) => ("AT_TIMESTAMP", Some(at)),
        };
        let partial_responses = spec.report_batch_item_failures.then_some("ReportBatchItemFailures");
        Self {
            uuid: mapping.uuid.clone(),
            event_source_mapping_arn: account.arn("lambda", &format!("event-source-mapping:{}", mapping.uuid)),
            event_source_arn: spec.stream_arn.clone(),
            function_arn: mapping.function_arn.clone(),
            batch_size: spec.batch_size,
            maximum_batching_window_in_seconds: spec.batching_window_seconds,
            parallelization_factor: spec.parallelization_factor,
            bisect_batch_on_function_error: spec.bisect_batch_on_function_error,
            maximum_retry_attempts: unlimited(spec.maximum_retry_attempts),
            maximum_record_age_in_seconds: unlimited(spec.maximum_record_age_seconds),
            tumbling_window_in_seconds: 0,
            function_response_types: partial_responses.into_iter().collect(),
            destination_config: DestinationConfig {
                on_failure: OnFailure {
                    destination: spec.on_failure.clone(),
                },
            },
            last_modified: epoch_seconds(mapping.created),
            last_processing_result: mapping.last_result(),
            state: match stop {
                StopMode::Running => "Enabled",
                StopMode::Drain | StopMode::AtOnce => "Deleting",
            },
            state_transition_reason: "User action",
            starting_position,
            starting_position_timestamp: at.map(epoch_seconds),
        }
    }
}
