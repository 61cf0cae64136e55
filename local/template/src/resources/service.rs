//! `AWS::ECS::Service`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html>).

use indexmap::IndexMap;

use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

/// So many tasks, kept running. `Ref` and `ServiceArn` give its ARN, `Name` its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `ServiceName`, or a generated name; at most 255 characters.
    pub name: String,
    /// The service's ARN.
    pub arn: String,
    /// The logical id of its task definition.
    pub task_definition: String,
    /// The logical id of its cluster; the account's default cluster when absent.
    pub cluster: Option<String>,
    /// `DesiredCount`: how many tasks run, at most 5,000; 1 when absent.
    pub desired_count: u32,
    /// `DeploymentConfiguration.DeploymentCircuitBreaker.Enable`: whether tasks that cannot start fail the deployment.
    pub circuit_breaker: bool,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
    /// `Cluster` as given: a name or an ARN.
    cluster_name: Option<String>,
    /// `TaskDefinition` as given: a family, with or without revision, or an ARN.
    definition_name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheduling {
    Replica,
    Daemon,
}

impl Choice for Scheduling {
    const ALL: &'static [(&'static str, Self)] = &[("REPLICA", Scheduling::Replica), ("DAEMON", Scheduling::Daemon)];
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Controller {
    Ecs,
    Other(&'static str),
}

impl Choice for Controller {
    const ALL: &'static [(&'static str, Self)] = &[
        ("ECS", Controller::Ecs),
        ("CODE_DEPLOY", Controller::Other("CODE_DEPLOY")),
        ("EXTERNAL", Controller::Other("EXTERNAL")),
    ];
}

const ONE_MACHINE: &str = "tasks are processes of this machine";
const AT_ONCE: &str = "a new deployment stops the old tasks and starts the new ones";
const NO_BALANCER: &str = "nothing stands before the tasks; leave it out";
const NO_DISCOVERY: &str = "services do not find each other by name; give addresses";
const DEPLOYMENT: &[Property] = &[
    Property::ignored("Alarms", Shape::Mapping, AT_ONCE),
    Property::ignored("BakeTimeInMinutes", Shape::Integer, AT_ONCE),
    Property::ignored("CanaryConfiguration", Shape::Mapping, AT_ONCE),
    Property::honoured("DeploymentCircuitBreaker"),
    Property::ignored("EarlySuccessCriteria", Shape::Mapping, AT_ONCE),
    Property::refused("LifecycleHooks", "a deployment calls nobody; leave it out"),
    Property::ignored("LinearConfiguration", Shape::Mapping, AT_ONCE),
    Property::ignored("MaximumPercent", Shape::Integer, AT_ONCE),
    Property::ignored("MinimumHealthyPercent", Shape::Integer, AT_ONCE),
    Property::ignored("Strategy", Shape::Text, AT_ONCE),
];
const BREAKER: &[Property] = &[
    Property::honoured("Enable"),
    Property::ignored(
        "ResetOnHealthyTask",
        Shape::Boolean,
        "only a task that cannot start at all counts",
    ),
    Property::ignored(
        "Rollback",
        Shape::Boolean,
        "there is no earlier deployment to go back to",
    ),
    Property::ignored(
        "ThresholdConfiguration",
        Shape::Mapping,
        "only a task that cannot start at all counts",
    ),
];

impl Kind for Service {
    const TYPE: &'static str = "AWS::ECS::Service";
    const ATTRIBUTES: &'static [&'static str] = &["Name", "ServiceArn"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("AvailabilityZoneRebalancing", Shape::Text, ONE_MACHINE),
        Property::ignored("CapacityProviderStrategy", Shape::List, ONE_MACHINE),
        Property::honoured("Cluster"),
        Property::honoured("DeploymentConfiguration"),
        Property::honoured("DeploymentController"),
        Property::honoured("DesiredCount"),
        Property::ignored("EnableECSManagedTags", Shape::Boolean, "there is no bill"),
        Property::ignored("EnableExecuteCommand", Shape::Boolean, ONE_MACHINE),
        Property::ignored("ForceNewDeployment", Shape::Mapping, AT_ONCE),
        Property::refused("GatewayConnectors", NO_BALANCER),
        Property::ignored(
            "HealthCheckGracePeriodSeconds",
            Shape::Integer,
            "a process that runs counts as healthy",
        ),
        Property::ignored("LaunchType", Shape::Text, ONE_MACHINE),
        Property::refused("LoadBalancers", NO_BALANCER),
        Property::ignored("Monitoring", Shape::Mapping, "processes are not measured"),
        Property::ignored(
            "NetworkConfiguration",
            Shape::Mapping,
            "processes use the machine's own network",
        ),
        Property::ignored("PlacementConstraints", Shape::List, ONE_MACHINE),
        Property::ignored("PlacementStrategies", Shape::List, ONE_MACHINE),
        Property::ignored("PlatformVersion", Shape::Text, ONE_MACHINE),
        Property::ignored("PropagateTags", Shape::Text, "there is no bill"),
        Property::ignored("Role", Shape::Text, "access is not checked locally"),
        Property::honoured("SchedulingStrategy"),
        Property::refused("ServiceConnectConfiguration", NO_DISCOVERY),
        Property::honoured("ServiceName"),
        Property::refused("ServiceRegistries", NO_DISCOVERY),
        Property::honoured("Tags"),
        Property::honoured("TaskDefinition"),
        Property::refused(
            "VolumeConfigurations",
            "processes have the machine's files; leave it out",
        ),
        Property::refused("VpcLatticeConfigurations", NO_BALANCER),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let definition_name = fields.required_text("TaskDefinition");
        let cluster_name = fields.text("Cluster");
        let name = fields
            .name("ServiceName", 255, "-_")
            .unwrap_or_else(|| identity.generated_name(255));
        if fields.choice("SchedulingStrategy") == Some(Scheduling::Daemon) {
            fields.refuse("SchedulingStrategy", "a daemon service", "give a DesiredCount");
        }
        let controller = fields.nested("DeploymentController", &["Type"]);
        if let Some((controller, Controller::Other(kind))) =
            controller.and_then(|controller| controller.choice("Type").map(|kind| (controller, kind)))
        {
            controller.refuse(
                "Type",
                &format!("the controller `{kind}`"),
                "leave DeploymentController out",
            );
        }
        let cluster = cluster_name.as_deref().map_or("default", |given| {
            given.rsplit_once('/').map_or(given, |(_, name)| name)
        });
        Some(Service {
            arn: identity.arn("ecs", &format!("service/{cluster}/{name}")),
            name,
            task_definition: String::new(),
            cluster: None,
            desired_count: fields.integer("DesiredCount", 0, 5_000).unwrap_or(1),
            circuit_breaker: read_breaker(fields),
            tags: fields.tags(),
            cluster_name,
            definition_name: definition_name?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.arn.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        match name {
            "Name" => Some(self.name.clone()),
            "ServiceArn" => Some(self.arn.clone()),
            _ => None,
        }
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        self.task_definition = peers.find("TaskDefinition", ResourceType::TaskDefinition, &self.definition_name)?;
        if let Some(name) = &self.cluster_name {
            self.cluster = Some(peers.find("Cluster", ResourceType::Cluster, name)?);
        }
        Ok(())
    }
}

fn read_breaker(fields: &Fields<'_>) -> bool {
    let deployment = fields.nested_as("DeploymentConfiguration", DEPLOYMENT);
    let breaker = deployment.and_then(|deployment| deployment.nested_as("DeploymentCircuitBreaker", BREAKER));
    let enabled = breaker.and_then(|breaker| {
        breaker.required("Rollback", breaker.node("Rollback"));
        breaker.required("Enable", breaker.boolean("Enable"))
    });
    enabled.unwrap_or(false)
}
