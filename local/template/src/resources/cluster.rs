//! `AWS::ECS::Cluster`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-cluster.html>).

use indexmap::IndexMap;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// A cluster, in which services run: here always this machine. `Ref` gives its name, `Arn` its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// `ClusterName`, or a generated name; at most 255 characters.
    pub name: String,
    /// The cluster's ARN.
    pub arn: String,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

const ONE_MACHINE: &str = "tasks are processes of this machine";

impl Kind for Cluster {
    const TYPE: &'static str = "AWS::ECS::Cluster";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("CapacityProviders", Shape::List, ONE_MACHINE),
        Property::honoured("ClusterName"),
        Property::ignored("ClusterSettings", Shape::List, "there is no Container Insights locally"),
        Property::ignored("Configuration", Shape::Mapping, ONE_MACHINE),
        Property::ignored("DefaultCapacityProviderStrategy", Shape::List, ONE_MACHINE),
        Property::refused(
            "ServiceConnectDefaults",
            "services do not find each other by name; give addresses",
        ),
        Property::honoured("Tags"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("ClusterName", 255, "-_")
            .unwrap_or_else(|| identity.generated_name(255));
        Some(Cluster {
            arn: identity.arn("ecs", &format!("cluster/{name}")),
            name,
            tags: fields.tags(),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }

    /// Services name a cluster or give its ARN.
    fn aliases(&self, _: &Identity<'_>) -> Vec<String> {
        vec![self.name.clone(), self.arn.clone()]
    }
}
