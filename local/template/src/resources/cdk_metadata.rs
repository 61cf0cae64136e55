//! `AWS::CDK::Metadata`
//! (<https://docs.aws.amazon.com/cdk/v2/guide/usage-data.html>).

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// The note that the CDK leaves in its templates about the constructs that made them. `Ref` gives a generated name. It does
/// nothing, here or on AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdkMetadata {}

impl Kind for CdkMetadata {
    const TYPE: &'static str = "AWS::CDK::Metadata";
    const ATTRIBUTES: &'static [&'static str] = &[];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("Analytics", Shape::Text, "nobody is told what was used"),
        Property::ignored("Modules", Shape::Text, "nobody is told what was used"),
    ];

    fn read(_: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        Some(CdkMetadata {})
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
