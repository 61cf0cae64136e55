//! The resources of the other way in: streams, queues, and what calls a function with a stream's records.

use std::collections::BTreeMap;

use sluice_template::{
    EventSourceMapping, Function, Queue, ResourceType, Stack, StackResource, StartingPosition, Stream,
};

use super::StartError;
use crate::endpoint::Services;
use sluice_cloudformation::StackRecord;
use sluice_kinesis::StreamSpec;
use sluice_mappings::MappingSpec;
use sluice_sqs::{DeadLetters, QueueSpec};

/// The shards of a stream on demand: what Kinesis gives a new one
/// (<https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>). They stay as many.
const ON_DEMAND_SHARDS: u32 = 4;

/// Makes a stream; one that is there keeps its records.
pub(crate) async fn make_stream(
    services: &Services,
    resource: &StackResource,
    stream: &Stream,
) -> Result<(), StartError> {
    let spec = StreamSpec {
        name: stream.name.clone(),
        shard_count: stream.shard_count.unwrap_or(ON_DEMAND_SHARDS),
        retention_hours: stream.retention_hours,
    };
    match services.kinesis.ensure_stream(&spec).await {
        Ok(_) => Ok(()),
        Err(source) => Err(StartError::Stream {
            logical_id: resource.logical_id.clone(),
            source,
        }),
    }
}

/// Makes a queue, or brings its attributes up to date when it is there.
pub(crate) async fn make_queue(services: &Services, resource: &StackResource, queue: &Queue) -> Result<(), StartError> {
    let spec = QueueSpec {
        name: queue.name.clone(),
        visibility_timeout_seconds: Some(queue.visibility_timeout_seconds),
        message_retention_seconds: Some(queue.retention_seconds),
        delay_seconds: Some(queue.delay_seconds),
        receive_wait_seconds: Some(queue.receive_wait_seconds),
        maximum_message_size: Some(queue.maximum_message_bytes),
        dead_letters: queue.redrive.as_ref().map(|redrive| DeadLetters {
            target_arn: redrive.queue_arn.clone(),
            max_receive_count: redrive.max_receive_count,
        }),
        sqs_managed_sse: None,
    };
    match services.sqs.ensure_queue(&spec).await {
        Ok(_) => Ok(()),
        Err(source) => Err(StartError::Queue {
            logical_id: resource.logical_id.clone(),
            source,
        }),
    }
}

/// Refuses an update that would remove a stream from a stack: only the stack's deletion delivers the stream's records first.
pub(crate) fn check_streams_stay(
    before: &StackRecord,
    stack: &Stack,
    settings: &BTreeMap<String, String>,
) -> Result<(), StartError> {
    let is_stream =
        |resource: &&sluice_cloudformation::StackResource| resource.resource_type == ResourceType::Stream.name();
    let stays = |name: &str| stack.all::<Stream>().any(|(_, stream)| stream.name == name);
    let mut gone = before.resources.iter().filter(is_stream);
    let Some(gone) = gone.find(|old| before.status.exists() && !stays(&old.physical_id)) else {
        return Ok(());
    };
    let other =
        |one: &&sluice_cloudformation::StackParameter| settings.get(&one.key).is_some_and(|now| *now != one.value);
    let parameters = before.parameters.iter().filter(other);
    let parameters: Vec<_> = parameters
        .map(|one| format!("--parameter {}={}", one.key, one.value))
        .collect();
    Err(StartError::StreamWouldGo {
        stack: before.name.clone(),
        stream: gone.physical_id.clone(),
        parameters: parameters.join(" "),
    })
}

/// A mapping as the runtime takes it; `None` when it is switched off, or its function is not there.
pub(crate) fn mapping_spec(stack: &Stack, mapping: &EventSourceMapping) -> Option<MappingSpec> {
    let mut functions = stack.all::<Function>();
    let (_, function) = functions.find(|(entry, _)| entry.logical_id == mapping.function)?;
    let position = match mapping.starting_position {
        StartingPosition::TrimHorizon => sluice_mappings::StartingPosition::TrimHorizon,
        StartingPosition::Latest => sluice_mappings::StartingPosition::Latest,
        // a time as f64 seconds has its milliseconds for the next 200,000 years
        StartingPosition::AtTimestamp(seconds) => {
            sluice_mappings::StartingPosition::AtTimestamp((seconds * 1000.0) as i64)
        }
    };
    let mut spec = MappingSpec::new(&mapping.source_arn, &function.arn, &function.role, position);
    spec.uuid = Some(mapping.id.clone());
    spec.batch_size = mapping.batch_size;
    spec.batching_window_seconds = mapping.window_seconds;
    spec.parallelization_factor = mapping.parallelization_factor;
    spec.report_batch_item_failures = mapping.report_item_failures;
    spec.bisect_batch_on_function_error = mapping.bisect_on_error;
    spec.maximum_retry_attempts = mapping.max_retries;
    spec.maximum_record_age_seconds = mapping.max_record_age_seconds;
    spec.on_failure = mapping.on_failure_arn.clone();
    mapping.enabled.then_some(spec)
}
