//! `AWS::IAM::ManagedPolicy`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html>).

use serde_json::Value;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::role::iam_path;

/// A managed policy. `Ref` and `PolicyArn` give its ARN. Access is not checked locally; the document is kept so that it can be
/// shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedPolicy {
    /// `ManagedPolicyName`, or a generated name; at most 128 characters.
    pub name: String,
    /// The policy's ARN.
    pub arn: String,
    /// `PolicyDocument`.
    pub document: Value,
    /// `Roles`: the names of the roles that have it.
    pub roles: Vec<String>,
    /// `Description`.
    pub description: Option<String>,
}

impl Kind for ManagedPolicy {
    const TYPE: &'static str = "AWS::IAM::ManagedPolicy";
    const ATTRIBUTES: &'static [&'static str] = &["PolicyArn", "PolicyId"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("Description"),
        Property::ignored("Groups", Shape::List, "there are no IAM groups locally"),
        Property::honoured("ManagedPolicyName"),
        Property::honoured("Path"),
        Property::honoured("PolicyDocument"),
        Property::honoured("Roles"),
        Property::ignored("Users", Shape::List, "there are no IAM users locally"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("ManagedPolicyName", 128, "+=,.@_-")
            .unwrap_or_else(|| identity.generated_name(128));
        let document = fields.required("PolicyDocument", fields.document("PolicyDocument"));
        Some(ManagedPolicy {
            arn: identity.iam_arn(&format!("policy{}{name}", iam_path(fields))),
            name,
            roles: fields.texts("Roles"),
            description: fields.text("Description"),
            document: document?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.arn.clone()
    }

    fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String> {
        match name {
            "PolicyArn" => Some(self.arn.clone()),
            "PolicyId" => Some(identity.unique_id("ANPA")),
            _ => None,
        }
    }
}
