//! Making a stack's resources, in the order in which the template lets them be made.

use std::sync::Arc;

use serde_json::json;
use sluice_cloudformation::StackRecord;
use sluice_driver::{MachineKind, MachineRecord};
use sluice_host::{FunctionSpec, Host};
use sluice_http::Limits;
use sluice_template::{
    Alarm, AuthType, Dashboard, DeletionPolicy, FilterPolicyScope, Function, LogLevel, Protocol, Resource, Stack,
    StackResource, StateMachine, StateMachineType, Subscription, Table, Topic, Url,
};

use super::plan::{ACCOUNT, binary_name};
use super::secrets::{self, SecretError};
use super::{Binaries, Lifecycle, Plan, StartError, UrlListener, streams};
use crate::alarms;
use crate::endpoint::Services;
use crate::lambda::{FunctionUrl, UrlAuthType};
use crate::listeners::Listeners;
use crate::sns::{EmailProtocol, SnsError};

/// The source of a function process's environment besides the template's variables: the address of AWS, and the binaries.
pub(crate) struct RuntimeEnvironment {
    /// Our endpoint.
    pub(crate) endpoint: String,
    /// The binaries of functions and containers.
    pub(crate) binaries: Binaries,
}

/// Makes what the stack declares; what exists already is brought up to date.
pub(crate) async fn bring_up(
    services: &Services,
    host: &Host,
    plan: &Plan,
    stack: &Stack,
    around: &RuntimeEnvironment,
) -> Result<(), StartError> {
    for resource in &stack.resources {
        match &resource.resource {
            Resource::Table(table) => make_table(services, table)?,
            Resource::Function(function) => make_function(services, host, plan, resource, function, around).await?,
            Resource::Secret(secret) => {
                let made = secrets::make(&services.driver, secret).await;
                made.map_err(|source| secret_error(resource, source))?;
            }
            Resource::Topic(topic) => make_topic(services, resource, topic).await?,
            Resource::Subscription(one) => {
                let endpoint = one.endpoint.as_deref().unwrap_or_default();
                let policy = filter_policy(resource, one)?;
                subscribe(services, resource, &one.topic_arn, one.protocol, endpoint, policy.as_deref()).await?;
            }
            Resource::StateMachine(machine) => make_machine(services, plan, resource, machine).await?,
            Resource::Alarm(alarm) => make_alarm(services, resource, alarm).await?,
            Resource::Dashboard(dashboard) => make_dashboard(services, resource, dashboard).await?,
            // their ports are open already: `serve_urls`
            Resource::Url(_) => {}
            // Whoever reaches the endpoint owns the account, logs lie where the host keeps them, and nobody watches
            // budgets: these exist, with their names, and do nothing.
            Resource::Role(_)
            | Resource::Policy(_)
            | Resource::ManagedPolicy(_)
            | Resource::Permission(_)
            | Resource::TopicPolicy(_)
            | Resource::EventInvokeConfig(_)
            | Resource::LogGroup(_)
            | Resource::Budget(_)
            | Resource::Alias(_)
            | Resource::Version(_)
            | Resource::DeploymentApplication(_)
            | Resource::DeploymentGroup(_) => {}
            // processes use the machine's own network
            Resource::Vpc(_)
            | Resource::InternetGateway(_)
            | Resource::VpcGatewayAttachment(_)
            | Resource::RouteTable(_)
            | Resource::Route(_)
            | Resource::Subnet(_)
            | Resource::SubnetRouteTableAssociation(_)
            | Resource::SecurityGroup(_)
            // parts of services, which make tasks of them
            | Resource::CdkMetadata(_)
            | Resource::Cluster(_)
            | Resource::TaskDefinition(_) => {}
            Resource::Stream(stream) => streams::make_stream(services, resource, stream).await?,
            Resource::Queue(queue) => streams::make_queue(services, resource, queue).await?,
            // these begin once everything is served: `Supervisor`
            Resource::EventSourceMapping(_) | Resource::Service(_) | Resource::Schedule(_) | Resource::Rule(_) => {}
        }
    }
    Ok(())
}

fn make_table(services: &Services, table: &Table) -> Result<(), StartError> {
    let ttl = table.time_to_live.as_ref().map(|ttl| ttl.attribute_name.as_str());
    services.dynamodb.ensure_table(&table.create_request, ttl)?;
    Ok(())
}

async fn make_alarm(services: &Services, resource: &StackResource, alarm: &Alarm) -> Result<(), StartError> {
    let made = services
        .cloudwatch
        .ensure_alarm(&alarm.name, alarms::request(alarm))
        .await;
    made.map_err(|source| StartError::Alarm {
        logical_id: resource.logical_id.clone(),
        source,
    })
}

async fn make_dashboard(
    services: &Services,
    resource: &StackResource,
    dashboard: &Dashboard,
) -> Result<(), StartError> {
    let made = services
        .cloudwatch
        .ensure_dashboard(&dashboard.name, &dashboard.body)
        .await;
    made.map_err(|source| StartError::Dashboard {
        logical_id: resource.logical_id.clone(),
        source,
    })
}

async fn make_function(
    services: &Services,
    host: &Host,
    plan: &Plan,
    resource: &StackResource,
    function: &Function,
    around: &RuntimeEnvironment,
) -> Result<(), StartError> {
    let name = binary_name(&resource.logical_id, function)?;
    let Binaries { by_code, by_name } = &around.binaries;
    let binary = by_code.get(&plan.code_path(function)).or_else(|| by_name.get(&name));
    let binary = binary.ok_or_else(|| StartError::NoBinary {
        logical_id: resource.logical_id.clone(),
        code_path: function.code_path.clone(),
    })?;
    let mut spec = FunctionSpec::new(&function.name, &function.arn, binary);
    spec.timeout = std::time::Duration::from_secs(function.timeout_seconds.into());
    spec.memory_mb = function.memory_mb;
    spec.reserved_concurrency = function.reserved_concurrency;
    spec.description = function.description.clone().unwrap_or_default();
    spec.handler = function.handler.clone();
    spec.runtime = function.runtime.name().to_owned();
    spec.log_group = function.log_group.clone();
    let mut environment = vec![("AWS_ENDPOINT_URL".to_owned(), around.endpoint.clone())];
    for (name, value) in &function.environment {
        let value = secrets::resolved(&services.driver, value).await;
        environment.push((name.clone(), value.map_err(|source| secret_error(resource, source))?));
    }
    spec.environment = environment.into_iter().collect();
    host.add_function(spec)?;
    Ok(())
}

fn secret_error(resource: &StackResource, source: SecretError) -> StartError {
    StartError::Secret {
        logical_id: resource.logical_id.clone(),
        source,
    }
}

async fn make_topic(services: &Services, resource: &StackResource, topic: &Topic) -> Result<(), StartError> {
    services
        .sns
        .ensure_topic(&topic.name, topic.display_name.as_deref().unwrap_or_default())
        .await
        .map_err(|source| StartError::Topic {
            logical_id: resource.logical_id.clone(),
            source,
        })?;
    for inline in &topic.subscriptions {
        subscribe(services, resource, &topic.arn, inline.protocol, &inline.endpoint, None).await?;
    }
    Ok(())
}

/// The filter policy as SNS's API takes it. One on the body would deliver what AWS does not, so it is refused.
fn filter_policy(resource: &StackResource, subscription: &Subscription) -> Result<Option<String>, StartError> {
    let Some(policy) = &subscription.filter_policy else {
        return Ok(None);
    };
    match subscription.filter_policy_scope {
        FilterPolicyScope::MessageAttributes => Ok(Some(policy.to_string())),
        FilterPolicyScope::MessageBody => {
            let message = "FilterPolicyScope: MessageBody is not available on the local endpoint, which filters by MessageAttributes";
            Err(StartError::Topic {
                logical_id: resource.logical_id.clone(),
                source: SnsError::InvalidParameter(message.into()),
            })
        }
    }
}

async fn subscribe(
    services: &Services,
    resource: &StackResource,
    topic_arn: &str,
    protocol: Protocol,
    endpoint: &str,
    filter_policy: Option<&str>,
) -> Result<(), StartError> {
    let logical_id = resource.logical_id.clone();
    let protocol = match protocol {
        Protocol::Email => EmailProtocol::Email,
        Protocol::EmailJson => EmailProtocol::EmailJson,
        other => {
            return Err(StartError::Protocol {
                logical_id,
                protocol: other.name(),
            });
        }
    };
    let sns = &services.sns;
    match sns
        .ensure_subscription(topic_arn, protocol, endpoint, filter_policy)
        .await
    {
        Ok(_) => Ok(()),
        Err(source) => Err(StartError::Topic { logical_id, source }),
    }
}

/// Creates the state machine, or updates it when its definition or role has changed.
async fn make_machine(
    services: &Services,
    plan: &Plan,
    resource: &StackResource,
    machine: &StateMachine,
) -> Result<(), StartError> {
    let definition: Arc<str> = plan.definition(&resource.logical_id, machine)?.into();
    let existing = services.driver.machines().get(&machine.arn).await?;
    let attributes = attributes(machine);
    let now = services.config.now();
    let same = existing.as_ref().is_some_and(|old| {
        old.definition == definition && old.role_arn == machine.role_arn && old.attributes == attributes
    });
    if same {
        return Ok(());
    }
    let record = MachineRecord {
        arn: machine.arn.clone(),
        name: machine.name.clone(),
        kind: match machine.kind {
            StateMachineType::Standard => MachineKind::Standard,
            StateMachineType::Express => MachineKind::Express,
        },
        role_arn: machine.role_arn.clone(),
        definition,
        revision_id: existing
            .as_ref()
            .map_or_else(String::new, |_| services.config.uuid().to_string()),
        created: existing.map_or(now, |old| old.created),
        updated: now,
        attributes,
    };
    services.driver.machines().put(record, false).await?;
    Ok(())
}

/// The configuration as the Step Functions API keeps it beside a state machine.
fn attributes(machine: &StateMachine) -> serde_json::Value {
    let level = match machine.log_level {
        LogLevel::All => "ALL",
        LogLevel::Error => "ERROR",
        LogLevel::Fatal => "FATAL",
        LogLevel::Off => "OFF",
    };
    let destinations: Vec<_> = machine
        .log_group_arns
        .iter()
        .map(|arn| json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn } }))
        .collect();
    let tags: Vec<_> = machine
        .tags
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    json!({
        "logging": { "level": level, "includeExecutionData": machine.log_execution_data, "destinations": destinations },
        "tracing": { "enabled": machine.tracing },
        "tags": tags,
    })
}

/// Serves the function URLs until `stop` says so, each by a task of its own.
pub(crate) fn serve_urls(
    services: &Services,
    host: &Host,
    region: &str,
    stack: &Stack,
    urls: Vec<UrlListener>,
    listeners: &Listeners,
    stop: &tokio::sync::watch::Receiver<bool>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let mut serving = Vec::new();
    for bound in urls {
        let Some((_, url)) = stack
            .all::<Url>()
            .find(|(resource, _)| resource.logical_id == bound.logical_id)
        else {
            continue; // its condition is false
        };
        let Some((_, function)) = stack
            .all::<Function>()
            .find(|(resource, _)| resource.logical_id == url.function)
        else {
            continue;
        };
        services
            .lambda
            .urls()
            .register(function_url(services, function, url, &bound.url));
        let clock = Arc::clone(&services.config.clock);
        let spec = sluice_host::UrlSpec {
            listener: bound.listener,
            function: function.name.clone(),
            url_id: bound.logical_id.to_ascii_lowercase(),
            auth_type: match url.auth_type {
                AuthType::None => sluice_host::AuthType::None,
                AuthType::AwsIam => sluice_host::AuthType::AwsIam,
            },
            cors: url.cors.as_ref().map(cors),
            hosts: listeners.guard(bound.address),
            limits: Limits::default(),
            slots: Arc::clone(&listeners.url_places),
            now: Arc::new(move || u64::try_from(clock.now()).unwrap_or(0)),
            region: region.to_owned(),
            account_id: ACCOUNT.to_owned(),
        };
        let (host, mut stop) = (host.clone(), stop.clone());
        serving.push(tokio::spawn(async move {
            let stopped = async move {
                // an error means that the sender is gone, which is a stop as well
                let _ = stop.wait_for(|stop| *stop).await;
            };
            if let Err(error) = host.serve_url(spec, stopped).await {
                tracing::error!(%error, url = bound.url, "a function URL has ended");
            }
        }));
    }
    serving
}

fn function_url(services: &Services, function: &Function, url: &Url, address: &str) -> FunctionUrl {
    FunctionUrl {
        function_name: function.name.clone(),
        function_arn: function.arn.clone(),
        url: address.to_owned(),
        auth_type: match url.auth_type {
            AuthType::None => UrlAuthType::None,
            AuthType::AwsIam => UrlAuthType::AwsIam,
        },
        cors: url.cors.as_ref().map(|cors| {
            json!({
                "AllowCredentials": cors.allow_credentials, "AllowHeaders": cors.allow_headers,
                "AllowMethods": cors.allow_methods, "AllowOrigins": cors.allow_origins,
                "ExposeHeaders": cors.expose_headers, "MaxAge": cors.max_age_seconds,
            })
        }),
        created: services.config.now(),
    }
}

fn cors(cors: &sluice_template::Cors) -> sluice_host::Cors {
    sluice_host::Cors {
        allow_credentials: cors.allow_credentials,
        allow_headers: cors.allow_headers.clone(),
        allow_methods: cors.allow_methods.clone(),
        allow_origins: cors.allow_origins.clone(),
        expose_headers: cors.expose_headers.clone(),
        max_age: cors.max_age_seconds,
    }
}

/// The stack as CloudFormation's reads show it.
pub(crate) fn record(stack: &Stack, template: &str, life: &Lifecycle, protected: bool) -> StackRecord {
    StackRecord {
        name: stack.name.clone(),
        id: stack.id.clone(),
        description: stack.description.clone(),
        status: life.status(),
        status_reason: None,
        parameters: stack
            .parameters
            .iter()
            .map(|one| sluice_cloudformation::StackParameter {
                key: one.key.clone(),
                value: one.value.clone(),
            })
            .collect(),
        outputs: stack
            .outputs
            .iter()
            .map(|one| sluice_cloudformation::StackOutput {
                key: one.key.clone(),
                value: one.value.clone(),
                description: one.description.clone(),
                export_name: one.export.clone(),
            })
            .collect(),
        resources: stack
            .resources
            .iter()
            .map(|one| sluice_cloudformation::StackResource {
                logical_id: one.logical_id.clone(),
                physical_id: one.physical_id.clone(),
                resource_type: one.resource_type.name().to_owned(),
                retained: one.deletion_policy != DeletionPolicy::Delete,
            })
            .collect(),
        created: life.created,
        updated: life.updated,
        deletion_began: None,
        deleted: None,
        ends: life.ends,
        generation: life.generation,
        imports: stack.imports.clone(),
        protected,
        template_body: template.to_owned(),
    }
}
