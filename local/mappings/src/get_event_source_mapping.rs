//! [GetEventSourceMapping](https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html)

use sluice_lambda::LambdaError;
use sluice_wire::ApiError;

use crate::Mappings;
use crate::configuration::EventSourceMappingConfiguration;

pub(crate) fn call(mappings: &Mappings, uuid: &str) -> Result<EventSourceMappingConfiguration, ApiError> {
    let all = mappings.all();
    let found = all.iter().find(|(mapping, _)| mapping.uuid == uuid);
    let (mapping, stop) = found.ok_or(LambdaError::NoResource)?;
    Ok(EventSourceMappingConfiguration::of(mappings.account(), mapping, *stop))
}
