//! `AWS::Lambda::Alias`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html>).

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::version::{NOT_SHIFTED, ONE_VERSION};

/// An alias of a function. A template may describe one under a condition; none can be made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {}

impl Kind for Alias {
    const TYPE: &'static str = "AWS::Lambda::Alias";
    const ATTRIBUTES: &'static [&'static str] = &["AliasArn"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("Description", Shape::Text, ONE_VERSION),
        Property::ignored("FunctionName", Shape::Text, ONE_VERSION),
        Property::ignored("FunctionVersion", Shape::Text, ONE_VERSION),
        Property::ignored("Name", Shape::Text, ONE_VERSION),
        Property::ignored("ProvisionedConcurrencyConfig", Shape::Mapping, ONE_VERSION),
        Property::ignored("RoutingConfig", Shape::Mapping, ONE_VERSION),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        fields.refuse("Type", "an alias of a function", NOT_SHIFTED);
        None
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
