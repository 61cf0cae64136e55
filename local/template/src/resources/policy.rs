//! `AWS::IAM::Policy`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html>).

use serde_json::Value;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// A policy that is put into roles. `Ref` and `Id` give a generated id. Access is not checked locally; the document is kept so
/// that it can be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// `PolicyName`.
    pub name: String,
    /// `PolicyDocument`.
    pub document: Value,
    /// `Roles`: the names of the roles that have it.
    pub roles: Vec<String>,
}

impl Kind for Policy {
    const TYPE: &'static str = "AWS::IAM::Policy";
    const ATTRIBUTES: &'static [&'static str] = &["Id"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("Groups", Shape::List, "there are no IAM groups locally"),
        Property::honoured("PolicyDocument"),
        Property::honoured("PolicyName"),
        Property::honoured("Roles"),
        Property::ignored("Users", Shape::List, "there are no IAM users locally"),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        let name = fields.required("PolicyName", fields.name("PolicyName", 128, "+=,.@_-"));
        let document = fields.required("PolicyDocument", fields.document("PolicyDocument"));
        Some(Policy {
            roles: fields.texts("Roles"),
            name: name?,
            document: document?,
        })
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(128)
    }

    fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String> {
        (name == "Id").then(|| self.reference(identity))
    }
}
