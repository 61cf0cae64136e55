//! `AWS::ECS::TaskDefinition`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html>).

use indexmap::IndexMap;

use crate::error::Problem;
use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::container::Container;

/// The definition of a task: containers, each a process here. `Ref` and `TaskDefinitionArn` give its ARN with revision 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    /// `Family`, or a generated name; at most 255 characters.
    pub family: String,
    /// The ARN, with the revision.
    pub arn: String,
    /// `ContainerDefinitions`: at least one, at least one of them essential, their names different.
    pub containers: Vec<Container>,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

const SHARED: &str = "the processes of a task share the machine";
const NO_ACCESS: &str = "access is not checked locally";

impl Kind for TaskDefinition {
    const TYPE: &'static str = "AWS::ECS::TaskDefinition";
    const ATTRIBUTES: &'static [&'static str] = &["TaskDefinitionArn"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("ContainerDefinitions"),
        Property::ignored("Cpu", Shape::Text, SHARED),
        Property::ignored(
            "EnableFaultInjection",
            Shape::Boolean,
            "faults are not injected locally",
        ),
        Property::ignored("EphemeralStorage", Shape::Mapping, "/tmp is the machine's own"),
        Property::ignored("ExecutionRoleArn", Shape::Text, NO_ACCESS),
        Property::honoured("Family"),
        Property::refused("InferenceAccelerators", "there are none; leave it out"),
        Property::ignored("IpcMode", Shape::Text, SHARED),
        Property::ignored("Memory", Shape::Text, SHARED),
        Property::ignored("NetworkMode", Shape::Text, "processes use the machine's own network"),
        Property::ignored("PidMode", Shape::Text, SHARED),
        Property::ignored("PlacementConstraints", Shape::List, "there is one machine"),
        Property::refused("ProxyConfiguration", "there is no proxy; leave it out"),
        Property::ignored("RequiresCompatibilities", Shape::List, "there is one machine"),
        Property::ignored("RuntimePlatform", Shape::Mapping, "binaries are built for the machine"),
        Property::honoured("Tags"),
        Property::ignored("TaskRoleArn", Shape::Text, NO_ACCESS),
        Property::refused("Volumes", "processes have the machine's files; leave it out"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let family = fields
            .name("Family", 255, "-_")
            .unwrap_or_else(|| identity.generated_name(255));
        let declared = fields.nested_list_as("ContainerDefinitions", Container::PROPERTIES);
        let containers: Vec<Container> = declared.iter().filter_map(Container::read).collect();
        if containers.len() == declared.len() {
            check_together(fields, &containers);
        }
        Some(TaskDefinition {
            arn: identity.arn("ecs", &format!("task-definition/{family}:1")),
            family,
            containers,
            tags: fields.tags(),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.arn.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "TaskDefinitionArn").then(|| self.arn.clone())
    }

    /// Services name a family, a family with its revision, or give the ARN.
    fn aliases(&self, _: &Identity<'_>) -> Vec<String> {
        vec![self.arn.clone(), self.family.clone(), format!("{}:1", self.family)]
    }
}

fn check_together(fields: &Fields<'_>, containers: &[Container]) {
    let at = fields.node("ContainerDefinitions").map_or(fields.at(), |node| node.at);
    let report = |message: String| fields.report(at, "ContainerDefinitions", Problem::Conflict(message));
    if containers.is_empty() {
        report("a task has at least one container".to_owned());
    } else if !containers.iter().any(|container| container.essential) {
        report("at least one container is essential: the task ends when it does".to_owned());
    }
    for (index, container) in containers.iter().enumerate() {
        if containers.iter().take(index).any(|other| other.name == container.name) {
            report(format!("the container `{}` is given twice", container.name));
        }
    }
}
