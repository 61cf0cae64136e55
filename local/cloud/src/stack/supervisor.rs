//! The supervisor of what runs in stacks, which also deletes them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sluice_driver::DriverError;
use sluice_events::Rules;
use sluice_host::{Host, HostError, TaskSet};
use sluice_template::{EventSourceMapping, ResourceType, Rule, Schedule, Service, Stack};
use tokio::sync::{Mutex, mpsc};

use super::{RuntimeEnvironment, StartError, secrets, streams, tasks};
use crate::endpoint::{ApiError, Form, Services};
use crate::scheduler;
use sluice_cloudformation::{StackRecord, StackResource, StackStatus};
use sluice_cloudwatch::CloudWatchError;
use sluice_kinesis::KinesisError;
use sluice_mappings::{MappingError, MappingSpec, StopMode};
use sluice_sqs::SqsError;

#[cfg(test)]
mod tests;

/// Keeps the processes, mappings and schedules of stacks running, and deletes stacks.
pub(crate) struct Supervisor {
    services: Arc<Services>,
    host: Host,
    running: Mutex<Running>,
}

/// The tasks, schedules and mappings that run, by the physical ids of their resources.
#[derive(Default)]
struct Running {
    tasks: HashMap<String, TaskSet>,
    schedules: HashMap<String, scheduler::Running>,
    mappings: HashMap<String, MappingSpec>,
}

/// The reason why a resource could not be removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoveError {
    #[error(transparent)]
    Driver(#[from] DriverError),
    #[error("{}: {}", .0.code, .0.message)]
    Api(ApiError),
    #[error("the log cannot be removed: {0}")]
    Log(#[from] std::io::Error),
    #[error(transparent)]
    CloudWatch(#[from] CloudWatchError),
    #[error(transparent)]
    Stream(#[from] KinesisError),
    #[error(transparent)]
    Queue(#[from] SqsError),
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

impl Supervisor {
    pub(crate) fn new(services: Arc<Services>, host: Host) -> Self {
        Self {
            services,
            host,
            running: Mutex::default(),
        }
    }

    /// The rules of all stacks.
    fn rules(&self) -> &Rules {
        self.services.events.rules()
    }

    /// Puts a stack's rules in force.
    pub(crate) fn start_rules(&self, stack: &Stack) {
        for (_, rule) in stack.all::<Rule>() {
            self.rules().put(rule.clone());
        }
    }

    /// Starts what reads streams, or goes on with it where it was.
    pub(crate) async fn start_mappings(&self, stack: &Stack) -> Result<(), StartError> {
        for (entry, mapping) in stack.all::<EventSourceMapping>() {
            let Some(spec) = streams::mapping_spec(stack, mapping) else {
                continue;
            };
            let started = self.services.mappings.start(spec.clone()).await;
            started.map_err(|source| StartError::Mapping {
                logical_id: entry.logical_id.clone(),
                source,
            })?;
            self.running
                .lock()
                .await
                .mappings
                .insert(entry.physical_id.clone(), spec);
        }
        Ok(())
    }

    /// Starts the tasks of a stack's services.
    pub(crate) async fn start_services(&self, stack: &Stack, around: &RuntimeEnvironment) -> Result<(), StartError> {
        for (entry, service) in stack.all::<Service>() {
            if let Some(set) = tasks::start(&self.host, stack, service, around).await? {
                self.running.lock().await.tasks.insert(entry.physical_id.clone(), set);
            }
        }
        Ok(())
    }

    /// Starts a stack's schedules. The stack must be known: a schedule may delete it at once.
    pub(crate) async fn start_schedules(&self, stack: &Stack) -> Result<(), DriverError> {
        for (entry, schedule) in stack.all::<Schedule>() {
            let schedule = scheduler::start(&self.services, schedule).await?;
            self.running
                .lock()
                .await
                .schedules
                .insert(entry.physical_id.clone(), schedule);
        }
        Ok(())
    }

    /// Counts the tasks of a service that run now.
    pub(crate) async fn tasks(&self, service: &str) -> u32 {
        let running = self.running.lock().await;
        running.tasks.get(service).map_or(0, TaskSet::running)
    }

    /// Takes stacks down as they are asked for, one after the other.
    pub(crate) async fn delete_requested(self: Arc<Self>, mut requests: mpsc::UnboundedReceiver<String>) {
        while let Some(id) = requests.recv().await {
            let Some(stack) = self.services.stacks.get(&id) else {
                continue;
            };
            if stack.status != StackStatus::DeleteInProgress {
                continue;
            }
            if let Err(error) = self.delete(StackRecord::clone(&stack)).await {
                tracing::error!(%error, stack = stack.name, "that a stack is deleted was not kept");
            }
        }
    }

    /// Removes a stack's resources, the last first, and keeps what came of it. A deletion that fails can be asked for again.
    pub(crate) async fn delete(&self, mut stack: StackRecord) -> Result<(), DriverError> {
        let began = stack.deletion_began.unwrap_or_else(|| self.services.config.now());
        stack.deletion_began = Some(began);
        let failed = self.remove_all(&stack.resources).await;
        match failed {
            None => {
                stack.status = StackStatus::DeleteComplete;
                stack.status_reason = None;
                stack.deleted = Some(self.services.config.now().max(began));
            }
            Some((logical_id, error)) => {
                tracing::error!(stack = stack.name, "{logical_id} cannot be removed: {error}");
                stack.status = StackStatus::DeleteFailed;
                stack.status_reason = Some(format!(
                    "The following resource(s) failed to delete: [{logical_id}]. {error}"
                ));
            }
        }
        self.services.stacks.save(stack).await
    }

    /// Removes what an earlier deployment had and this one has not, but for what holds executions and subscriptions: a
    /// template that was renamed by mistake would take them along.
    pub(crate) async fn remove_stale(&self, before: &StackRecord, stack: &Stack) -> Result<(), StartError> {
        let stale = |old: &&StackResource| {
            let holds = [ResourceType::StateMachine, ResourceType::Topic].map(ResourceType::name);
            !holds.contains(&old.resource_type.as_str())
                && !stack.resources.iter().any(|new| {
                    name(new.resource_type, &new.physical_id) == name(new.resource_type, &old.physical_id)
                        && new.resource_type.name() == old.resource_type
                })
        };
        for resource in before.resources.iter().rev().filter(stale) {
            self.remove(resource).await.map_err(|source| StartError::Remove {
                logical_id: resource.logical_id.clone(),
                source: source.into(),
            })?;
        }
        Ok(())
    }

    /// The first resource that could not be removed, with the reason. Those before it in the stack stay with it.
    async fn remove_all(&self, resources: &[StackResource]) -> Option<(String, RemoveError)> {
        for resource in resources.iter().rev() {
            if let Err(error) = self.remove(resource).await {
                return Some((resource.logical_id.clone(), error));
            }
        }
        None
    }

    /// Removes one resource; one that is not there counts as removed.
    async fn remove(&self, resource: &StackResource) -> Result<(), RemoveError> {
        let id = resource.physical_id.as_str();
        let Some(kind) = ResourceType::parse(&resource.resource_type).filter(|_| !resource.retained) else {
            return Ok(());
        };
        match kind {
            ResourceType::Service => {
                let set = self.running.lock().await.tasks.remove(id);
                if let Some(set) = set {
                    set.stop(None).await;
                }
            }
            ResourceType::Schedule => {
                self.running.lock().await.schedules.remove(id);
                scheduler::forget(&self.services, id).await?;
            }
            ResourceType::Rule => self.rules().remove(id),
            ResourceType::Secret => secrets::forget(&self.services.driver, id).await?,
            ResourceType::Function => match self.host.remove_function(id) {
                Ok(()) | Err(HostError::FunctionNotFound(_)) => {}
                Err(error) => tracing::warn!(%error, "a function is not removed"),
            },
            ResourceType::LogGroup => self.host.remove_log_group(id)?,
            ResourceType::StateMachine => {
                self.services.driver.machines().delete(id).await?;
            }
            ResourceType::Topic => {
                let form = Form::parse(format!("TopicArn={id}").as_bytes()).map_err(RemoveError::Api)?;
                self.services
                    .sns
                    .call("DeleteTopic", &form)
                    .await
                    .map_err(RemoveError::Api)?;
            }
            ResourceType::Alarm => self.services.cloudwatch.remove_alarm(id).await?,
            ResourceType::Dashboard => self.services.cloudwatch.remove_dashboard(id).await?,
            ResourceType::Stream => self.services.kinesis.delete_stream(id).await?,
            ResourceType::Queue => self.services.sqs.delete_queue(name(kind, id)).await?,
            ResourceType::EventSourceMapping => self.remove_mapping(id).await?,
            // a URL ends with its function, and what a table holds is worth more than a stack
            ResourceType::Url | ResourceType::Table => {}
            // these exist, with their names, and do nothing
            ResourceType::Alias
            | ResourceType::Budget
            | ResourceType::CdkMetadata
            | ResourceType::Cluster
            | ResourceType::DeploymentApplication
            | ResourceType::DeploymentGroup
            | ResourceType::EventInvokeConfig
            | ResourceType::InternetGateway
            | ResourceType::ManagedPolicy
            | ResourceType::Permission
            | ResourceType::Policy
            | ResourceType::Role
            | ResourceType::Route
            | ResourceType::RouteTable
            | ResourceType::SecurityGroup
            | ResourceType::Subnet
            | ResourceType::SubnetRouteTableAssociation
            | ResourceType::Subscription
            | ResourceType::TaskDefinition
            | ResourceType::TopicPolicy
            | ResourceType::Version
            | ResourceType::Vpc
            | ResourceType::VpcGatewayAttachment => {}
        }
        Ok(())
    }

    /// Ends a mapping once the records of its stream are delivered. One that does not get there goes on, and can be asked again.
    async fn remove_mapping(&self, id: &str) -> Result<(), MappingError> {
        let spec = self.running.lock().await.mappings.get(id).cloned();
        let Some(spec) = spec else { return Ok(()) };
        if let Err(error) = self.services.mappings.stop(&spec, StopMode::Drain).await {
            self.services.mappings.start(spec).await?;
            return Err(error);
        }
        self.running.lock().await.mappings.remove(id);
        Ok(())
    }

    /// Stops everything, tasks within `grace`. The stacks live on, and the next start goes on with them.
    pub(crate) async fn stop(&self, grace: Duration) {
        let Running {
            tasks,
            schedules,
            mappings: _, // whoever keeps them ends them
        } = std::mem::take(&mut *self.running.lock().await);
        drop(schedules);
        let mut stopping = tokio::task::JoinSet::new();
        for set in tasks.into_values() {
            stopping.spawn(set.stop(Some(grace)));
        }
        stopping.join_all().await;
    }
}

/// Returns the part of a physical id that tells a resource from others of its type. A queue's URL begins with the endpoint,
/// which may be another at each start.
fn name(kind: ResourceType, physical_id: &str) -> &str {
    match kind {
        ResourceType::Queue => physical_id.rsplit('/').next().unwrap_or(physical_id),
        _ => physical_id,
    }
}
