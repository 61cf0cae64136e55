//! Services: so many tasks, each container a process of the workspace's binary of its name.

use std::collections::BTreeMap;
use std::time::Duration;

use sluice_host::{ContainerLog, ContainerSpec, Host, TaskSet, TaskSpec};
use sluice_template::{Container, Service, Stack, TaskDefinition};

use super::{RuntimeEnvironment, StartError};

/// Starts a service's tasks.
///
/// # Errors
/// A container without a binary. One whose binary cannot be run only where the service has a circuit breaker: without
/// one, AWS would try for ever, and here it is told.
pub(crate) async fn start(
    host: &Host,
    stack: &Stack,
    service: &Service,
    around: &RuntimeEnvironment,
) -> Result<Option<TaskSet>, StartError> {
    let definition = stack
        .all::<TaskDefinition>()
        .find(|(entry, _)| entry.logical_id == service.task_definition);
    let Some((entry, definition)) = definition else {
        // the template links a service to a definition of its own
        return Ok(None);
    };
    let containers = definition.containers.iter();
    let spec = TaskSpec {
        name: service.name.clone(),
        containers: containers
            .map(|container| container_spec(&entry.logical_id, container, around))
            .collect::<Result<_, _>>()?,
    };
    match host.run_tasks(spec, service.desired_count).await {
        Ok(set) => Ok(Some(set)),
        Err(error) if service.circuit_breaker => Err(error.into()),
        Err(error) => {
            tracing::error!("{error}");
            Ok(None)
        }
    }
}

fn container_spec(
    logical_id: &str,
    container: &Container,
    around: &RuntimeEnvironment,
) -> Result<ContainerSpec, StartError> {
    let binary = around.binaries.by_name.get(&container.name);
    let binary = binary.ok_or_else(|| StartError::NoContainerBinary {
        logical_id: logical_id.to_owned(),
        container: container.name.clone(),
    })?;
    let mut environment = BTreeMap::from([("AWS_ENDPOINT_URL".to_owned(), around.endpoint.clone())]);
    let own = container.environment.iter();
    environment.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    Ok(ContainerSpec {
        name: container.name.clone(),
        binary: binary.clone(),
        arguments: container.command.clone(),
        environment,
        essential: container.essential,
        stop_timeout: Duration::from_secs(container.stop_timeout_seconds.into()),
        log: container.log.as_ref().map(|log| ContainerLog {
            group: log.group.clone(),
            stream: log_stream(log.stream_prefix.as_deref(), &container.name),
        }),
    })
}

/// `prefix-container`, or the container's name when both are the same or there is no prefix.
fn log_stream(prefix: Option<&str>, container: &str) -> String {
    match prefix.filter(|prefix| *prefix != container) {
        Some(prefix) => format!("{prefix}-{container}"),
        None => container.to_owned(),
    }
}
