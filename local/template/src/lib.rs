//! CloudFormation templates: YAML to the typed resources of a stack, or a clear error with its line.
//!
//! [`parse`] reads a template and checks all that can be checked without parameters: syntax, names, references.
//! [`Template::resolve`] takes the parameters and answers a [`Stack`]: resources in the order in which they can be
//! created, with every intrinsic function evaluated. Nothing is skipped in silence: what is not known is an error
//! that names file, line, resource and property; what is known but has no meaning on one machine is listed on the
//! resource ([`StackResource::ignored`]).
//!
//! The crate is pure: no files, no clock, no randomness. The same template and inputs always give the same names.
//! It follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/>.

mod check;
mod conditions;
mod error;
mod eval;
mod expr;
mod fields;
mod inputs;
mod naming;
mod node;
mod order;
mod parameters;
mod parse;
mod pseudo;
mod resources;
mod rules;
mod sections;
mod stack;
mod substitute;
mod template;
mod yaml;

pub use error::{Problem, TemplateError, TemplateErrors};
pub use inputs::StackInputs;
pub use node::Position;
pub use parse::parse;
pub use resources::alarm::{Alarm, ComparisonOperator, Dimension, MissingData};
pub use resources::alias::Alias;
pub use resources::budget::Budget;
pub use resources::cdk_metadata::CdkMetadata;
pub use resources::cluster::Cluster;
pub use resources::container::{Container, ContainerLog};
pub use resources::dashboard::Dashboard;
pub use resources::deployment_application::DeploymentApplication;
pub use resources::deployment_group::DeploymentGroup;
pub use resources::event_invoke_config::EventInvokeConfig;
pub use resources::event_source_mapping::{EventSourceMapping, StartingPosition};
pub use resources::function::{Architecture, Function, LogFormat, Runtime};
pub use resources::internet_gateway::InternetGateway;
pub use resources::log_group::LogGroup;
pub use resources::managed_policy::ManagedPolicy;
pub use resources::permission::Permission;
pub use resources::policy::Policy;
pub use resources::queue::{Queue, Redrive};
pub use resources::role::{InlinePolicy, Role};
pub use resources::route::Route;
pub use resources::route_table::RouteTable;
pub use resources::rule::{EventPattern, PatternError, Rule, RuleTarget};
pub use resources::schedule::{Schedule, ScheduleTiming};
pub use resources::schedule_target::ScheduleTarget;
pub use resources::secret::{Secret, SecretValue};
pub use resources::security_group::SecurityGroup;
pub use resources::service::Service;
pub use resources::state_machine::{Definition, LogLevel, StateMachine, StateMachineType};
pub use resources::stream::{Stream, StreamMode};
pub use resources::subnet::Subnet;
pub use resources::subnet_route_table_association::SubnetRouteTableAssociation;
pub use resources::subscription::{FilterPolicyScope, Protocol, Subscription};
pub use resources::table::{Table, TimeToLive};
pub use resources::task_definition::TaskDefinition;
pub use resources::topic::{InlineSubscription, Topic};
pub use resources::topic_policy::TopicPolicy;
pub use resources::url::{AuthType, Cors, InvokeMode, Url};
pub use resources::version::Version;
pub use resources::vpc::Vpc;
pub use resources::vpc_gateway_attachment::VpcGatewayAttachment;
pub use resources::{Resource, ResourceType};
pub use stack::{Ignored, Output, Stack, StackParameter, StackResource};
pub use substitute::{Substituted, substitute};
pub use template::{DeletionPolicy, Template};
