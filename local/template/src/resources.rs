//! The resource types: one file each. A new type is a file with a struct and its [`Kind`], a `mod` line and a line in
//! `resource_types!`.

pub(crate) mod alarm;
pub(crate) mod alias;
pub(crate) mod budget;
pub(crate) mod cdk_metadata;
pub(crate) mod cluster;
pub(crate) mod container;
pub(crate) mod dashboard;
pub(crate) mod deployment_application;
pub(crate) mod deployment_group;
pub(crate) mod event_invoke_config;
pub(crate) mod event_source_mapping;
pub(crate) mod function;
pub(crate) mod internet_gateway;
pub(crate) mod log_group;
pub(crate) mod managed_policy;
pub(crate) mod network;
pub(crate) mod permission;
pub(crate) mod policy;
pub(crate) mod queue;
pub(crate) mod role;
pub(crate) mod route;
pub(crate) mod route_table;
pub(crate) mod rule;
pub(crate) mod schedule;
pub(crate) mod schedule_target;
pub(crate) mod secret;
pub(crate) mod security_group;
pub(crate) mod service;
pub(crate) mod state_machine;
pub(crate) mod stream;
pub(crate) mod subnet;
pub(crate) mod subnet_route_table_association;
pub(crate) mod subscription;
pub(crate) mod table;
pub(crate) mod task_definition;
pub(crate) mod topic;
pub(crate) mod topic_policy;
pub(crate) mod url;
pub(crate) mod version;
pub(crate) mod vpc;
pub(crate) mod vpc_gateway_attachment;

use indexmap::IndexMap;

use crate::error::{Problem, Report, unknown};
use crate::fields::{Effect, Fields, Property};
use crate::naming::Identity;
use crate::node::{Key, Path};

/// The definition of a resource type: its properties, attributes and names.
pub(crate) trait Kind: Sized {
    /// The type's name, such as `AWS::SNS::Topic`.
    const TYPE: &'static str;
    /// Every property that CloudFormation knows, with its treatment here.
    const PROPERTIES: &'static [Property];
    /// The attributes that `Fn::GetAtt` can ask for.
    const ATTRIBUTES: &'static [&'static str];

    /// Reads evaluated properties; `None` when something was reported.
    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self>;

    /// Returns the value of `Ref`.
    fn reference(&self, identity: &Identity<'_>) -> String;

    /// Returns the value of `Fn::GetAtt`; `None` for one that only the runtime knows.
    fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String>;

    /// Returns the texts by which other resources name this one.
    fn aliases(&self, identity: &Identity<'_>) -> Vec<String> {
        vec![self.reference(identity)]
    }

    /// Finds the resources that this one names.
    fn link(&mut self, _peers: &Peers) -> Result<(), MissingPeer> {
        Ok(())
    }
}

/// The resources of a stack by the texts that name them.
#[derive(Default)]
pub(crate) struct Peers {
    by_alias: IndexMap<(ResourceType, String), String>,
}

/// A property names a resource that is not in the stack.
pub(crate) struct MissingPeer {
    pub(crate) property: &'static str,
    pub(crate) wanted: ResourceType,
    pub(crate) name: String,
}

impl Peers {
    /// Adds a resource; answers the logical id of another of its type that has the same name.
    pub(crate) fn add(&mut self, logical_id: &str, resource: &Resource, identity: &Identity<'_>) -> Option<String> {
        let mut other = None;
        for alias in resource.aliases(identity) {
            let key = (resource.resource_type(), alias);
            other = other.or(self.by_alias.insert(key, logical_id.to_owned()));
        }
        other
    }

    /// The logical id of the resource that `property` names.
    pub(crate) fn find(&self, property: &'static str, wanted: ResourceType, name: &str) -> Result<String, MissingPeer> {
        let found = self.by_alias.get(&(wanted, name.to_owned())).cloned();
        found.ok_or_else(|| MissingPeer {
            property,
            wanted,
            name: name.to_owned(),
        })
    }
}

macro_rules! resource_types {
    ($($(#[$doc:meta])* $module:ident::$name:ident,)+) => {
        /// A resource with its typed properties.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Resource {
            $($(#[$doc])* $name($module::$name),)+
        }

        /// The type of a resource.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ResourceType {
            $($(#[$doc])* $name,)+
        }

        impl ResourceType {
            /// Every type that is known.
            pub const ALL: &'static [ResourceType] = &[$(ResourceType::$name,)+];

            /// Its name in templates, such as `AWS::SNS::Topic`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(ResourceType::$name => <$module::$name as Kind>::TYPE,)+ }
            }

            pub(crate) fn properties(self) -> &'static [Property] {
                match self { $(ResourceType::$name => <$module::$name as Kind>::PROPERTIES,)+ }
            }

            pub(crate) fn attributes(self) -> &'static [&'static str] {
                match self { $(ResourceType::$name => <$module::$name as Kind>::ATTRIBUTES,)+ }
            }
        }

        impl Resource {
            /// Its type.
            #[must_use]
            pub fn resource_type(&self) -> ResourceType {
                match self { $(Resource::$name(_) => ResourceType::$name,)+ }
            }

            pub(crate) fn read(
                resource_type: ResourceType,
                fields: &Fields<'_>,
                identity: &Identity<'_>,
            ) -> Option<Resource> {
                match resource_type {
                    $(ResourceType::$name => $module::$name::read(fields, identity).map(Resource::$name),)+
                }
            }

            pub(crate) fn reference(&self, identity: &Identity<'_>) -> String {
                match self { $(Resource::$name(resource) => resource.reference(identity),)+ }
            }

            pub(crate) fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String> {
                match self { $(Resource::$name(resource) => resource.attribute(name, identity),)+ }
            }

            pub(crate) fn aliases(&self, identity: &Identity<'_>) -> Vec<String> {
                match self { $(Resource::$name(resource) => resource.aliases(identity),)+ }
            }

            pub(crate) fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
                match self { $(Resource::$name(resource) => resource.link(peers),)+ }
            }
        }

        $(impl<'a> TryFrom<&'a Resource> for &'a $module::$name {
            type Error = ResourceType;

            /// The typed resource, or the type that it has instead.
            fn try_from(resource: &'a Resource) -> Result<Self, ResourceType> {
                match resource {
                    Resource::$name(resource) => Ok(resource),
                    other => Err(other.resource_type()),
                }
            }
        })+
    };
}

resource_types! {
    /// `AWS::Budgets::Budget`.
    budget::Budget,
    /// `AWS::CDK::Metadata`.
    cdk_metadata::CdkMetadata,
    /// `AWS::CloudWatch::Alarm`.
    alarm::Alarm,
    /// `AWS::CloudWatch::Dashboard`.
    dashboard::Dashboard,
    /// `AWS::CodeDeploy::Application`.
    deployment_application::DeploymentApplication,
    /// `AWS::CodeDeploy::DeploymentGroup`.
    deployment_group::DeploymentGroup,
    /// `AWS::DynamoDB::Table`.
    table::Table,
    /// `AWS::EC2::InternetGateway`.
    internet_gateway::InternetGateway,
    /// `AWS::EC2::Route`.
    route::Route,
    /// `AWS::EC2::RouteTable`.
    route_table::RouteTable,
    /// `AWS::EC2::SecurityGroup`.
    security_group::SecurityGroup,
    /// `AWS::EC2::Subnet`.
    subnet::Subnet,
    /// `AWS::EC2::SubnetRouteTableAssociation`.
    subnet_route_table_association::SubnetRouteTableAssociation,
    /// `AWS::EC2::VPC`.
    vpc::Vpc,
    /// `AWS::EC2::VPCGatewayAttachment`.
    vpc_gateway_attachment::VpcGatewayAttachment,
    /// `AWS::ECS::Cluster`.
    cluster::Cluster,
    /// `AWS::ECS::Service`.
    service::Service,
    /// `AWS::ECS::TaskDefinition`.
    task_definition::TaskDefinition,
    /// `AWS::Events::Rule`.
    rule::Rule,
    /// `AWS::IAM::ManagedPolicy`.
    managed_policy::ManagedPolicy,
    /// `AWS::IAM::Policy`.
    policy::Policy,
    /// `AWS::IAM::Role`.
    role::Role,
    /// `AWS::Kinesis::Stream`.
    stream::Stream,
    /// `AWS::Lambda::Alias`.
    alias::Alias,
    /// `AWS::Lambda::EventInvokeConfig`.
    event_invoke_config::EventInvokeConfig,
    /// `AWS::Lambda::EventSourceMapping`.
    event_source_mapping::EventSourceMapping,
    /// `AWS::Lambda::Function`.
    function::Function,
    /// `AWS::Lambda::Permission`.
    permission::Permission,
    /// `AWS::Lambda::Url`.
    url::Url,
    /// `AWS::Lambda::Version`.
    version::Version,
    /// `AWS::Logs::LogGroup`.
    log_group::LogGroup,
    /// `AWS::SNS::Subscription`.
    subscription::Subscription,
    /// `AWS::SNS::Topic`.
    topic::Topic,
    /// `AWS::SNS::TopicPolicy`.
    topic_policy::TopicPolicy,
    /// `AWS::SQS::Queue`.
    queue::Queue,
    /// `AWS::Scheduler::Schedule`.
    schedule::Schedule,
    /// `AWS::SecretsManager::Secret`.
    secret::Secret,
    /// `AWS::StepFunctions::StateMachine`.
    state_machine::StateMachine,
}

impl ResourceType {
    /// The type of a name as templates write it.
    #[must_use]
    pub fn parse(name: &str) -> Option<ResourceType> {
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }

    pub(crate) fn property(self, name: &str) -> Option<&'static Property> {
        self.properties().iter().find(|property| property.name == name)
    }

    /// Reports a property that is unknown, or that is not available on one machine.
    pub(crate) fn check_property(self, key: &Key, path: Path<'_>, report: &Report) {
        match self.property(&key.name).map(|property| &property.effect) {
            Some(Effect::Honoured | Effect::Ignored { .. }) => {}
            Some(Effect::Refused { advice }) => {
                let what = format!("`{}` of {}", key.name, self.name());
                report.add(
                    key.at,
                    path,
                    Problem::NotLocal {
                        what,
                        advice: (*advice).to_owned(),
                    },
                );
            }
            None => {
                let known = self.properties().iter().map(|property| property.name);
                report.add(key.at, path, unknown("property", &key.name, known));
            }
        }
    }
}
