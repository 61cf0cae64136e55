//! The resources of the other way in: streams, queues, and what calls a function with a stream's records.

use sluice_driver::DriverError;
use sluice_template::{EventSourceMapping, Queue, StackResource, Stream};

use super::StartError;
use crate::endpoint::Services;

/// Makes a stream, or leaves it as it is when it is there.
pub(crate) async fn make_stream(_: &Services, resource: &StackResource, _: &Stream) -> Result<(), StartError> {
    Err(not_run(resource))
}

/// Makes a queue, or brings its attributes up to date when it is there.
pub(crate) async fn make_queue(_: &Services, resource: &StackResource, _: &Queue) -> Result<(), StartError> {
    Err(not_run(resource))
}

/// Starts reading a stream.
pub(crate) async fn make_mapping(
    _: &Services,
    resource: &StackResource,
    _: &EventSourceMapping,
) -> Result<(), StartError> {
    Err(not_run(resource))
}

/// Removes a stream, by name.
pub(crate) async fn remove_stream(_: &Services, _: &str) -> Result<(), DriverError> {
    Ok(())
}

/// Removes a queue, by URL.
pub(crate) async fn remove_queue(_: &Services, _: &str) -> Result<(), DriverError> {
    Ok(())
}

/// Ends the reading of a stream, by the mapping's id.
pub(crate) async fn remove_mapping(_: &Services, _: &str) -> Result<(), DriverError> {
    Ok(())
}

fn not_run(resource: &StackResource) -> StartError {
    StartError::NotRun {
        logical_id: resource.logical_id.clone(),
        resource_type: resource.resource_type.name(),
    }
}
