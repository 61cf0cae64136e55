//! `AWS::CodeDeploy::DeploymentGroup`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codedeploy-deploymentgroup.html>).

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::version::{NOT_SHIFTED, ONE_VERSION};

/// A deployment group of CodeDeploy. A template may describe one under a condition; none can be made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentGroup {}

impl Kind for DeploymentGroup {
    const TYPE: &'static str = "AWS::CodeDeploy::DeploymentGroup";
    const ATTRIBUTES: &'static [&'static str] = &[];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("AlarmConfiguration", Shape::Mapping, ONE_VERSION),
        Property::ignored("ApplicationName", Shape::Text, ONE_VERSION),
        Property::ignored("AutoRollbackConfiguration", Shape::Mapping, ONE_VERSION),
        Property::ignored("DeploymentConfigName", Shape::Text, ONE_VERSION),
        Property::ignored("DeploymentGroupName", Shape::Text, ONE_VERSION),
        Property::ignored("DeploymentStyle", Shape::Mapping, ONE_VERSION),
        Property::ignored("ServiceRoleArn", Shape::Text, ONE_VERSION),
        Property::ignored("Tags", Shape::List, ONE_VERSION),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        fields.refuse("Type", "a deployment group of CodeDeploy", NOT_SHIFTED);
        None
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
