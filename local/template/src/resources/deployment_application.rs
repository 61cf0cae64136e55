//! `AWS::CodeDeploy::Application`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codedeploy-application.html>).

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::version::{NOT_SHIFTED, ONE_VERSION};

/// An application of CodeDeploy. A template may describe one under a condition; none can be made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentApplication {}

impl Kind for DeploymentApplication {
    const TYPE: &'static str = "AWS::CodeDeploy::Application";
    const ATTRIBUTES: &'static [&'static str] = &[];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("ApplicationName", Shape::Text, ONE_VERSION),
        Property::ignored("ComputePlatform", Shape::Text, ONE_VERSION),
        Property::ignored("Tags", Shape::List, ONE_VERSION),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        fields.refuse("Type", "an application of CodeDeploy", NOT_SHIFTED);
        None
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
