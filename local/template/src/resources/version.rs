//! `AWS::Lambda::Version`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html>).

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// The reason why properties of versions, aliases and gradual deployments are passed over.
pub(super) const ONE_VERSION: &str = "a function has one version here";

/// The advice to whoever wants one of them.
pub(super) const NOT_SHIFTED: &str =
    "a function has one version here, and traffic is not shifted; leave it out by its condition";

/// A version of a function. A template may describe one under a condition; none can be made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {}

impl Kind for Version {
    const TYPE: &'static str = "AWS::Lambda::Version";
    const ATTRIBUTES: &'static [&'static str] = &["FunctionArn", "Version"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("CodeSha256", Shape::Text, ONE_VERSION),
        Property::ignored("Description", Shape::Text, ONE_VERSION),
        Property::ignored("FunctionName", Shape::Text, ONE_VERSION),
        Property::ignored("FunctionScalingConfig", Shape::Mapping, ONE_VERSION),
        Property::ignored("ProvisionedConcurrencyConfig", Shape::Mapping, ONE_VERSION),
        Property::ignored("RuntimePolicy", Shape::Mapping, ONE_VERSION),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        fields.refuse("Type", "a version of a function", NOT_SHIFTED);
        None
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
