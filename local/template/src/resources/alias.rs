//! `AWS::Lambda::Alias`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html>).

use crate::error::Problem;
use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

const ONE_VERSION: &str = "a function has one version here";

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
        let problem = Problem::NotLocal {
            what: "an alias of a function".to_owned(),
            advice: "a function has one version here, and traffic is not shifted; leave it out by its condition"
                .to_owned(),
        };
        fields.report(fields.at(), "Type", problem);
        None
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
