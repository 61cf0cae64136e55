//! `AWS::IAM::Role`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html>).

use indexmap::IndexMap;
use serde_json::Value;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// A role. `Ref` gives its name; `Arn` and `RoleId` what they say. Access is not checked locally; the policies are kept
/// so that they can be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// `RoleName`, or a generated name; at most 64 characters.
    pub name: String,
    /// The role's ARN.
    pub arn: String,
    /// `Path`; `/` when absent.
    pub path: String,
    /// `AssumeRolePolicyDocument`.
    pub assume_role_policy: Value,
    /// `Policies`: policies that are part of the role.
    pub policies: Vec<InlinePolicy>,
    /// `ManagedPolicyArns`.
    pub managed_policy_arns: Vec<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

/// A policy that is part of a role.
#[derive(Debug, Clone, PartialEq)]
pub struct InlinePolicy {
    /// `PolicyName`.
    pub name: String,
    /// `PolicyDocument`.
    pub document: Value,
}

impl Kind for Role {
    const TYPE: &'static str = "AWS::IAM::Role";
    const ATTRIBUTES: &'static [&'static str] = &["Arn", "RoleId"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("AssumeRolePolicyDocument"),
        Property::honoured("Description"),
        Property::honoured("ManagedPolicyArns"),
        Property::ignored("MaxSessionDuration", Shape::Integer, "there are no sessions locally"),
        Property::honoured("Path"),
        Property::ignored("PermissionsBoundary", Shape::Text, "access is not checked locally"),
        Property::honoured("Policies"),
        Property::honoured("RoleName"),
        Property::honoured("Tags"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("RoleName", 64, "+=,.@_-")
            .unwrap_or_else(|| identity.generated_name(64));
        let assume = fields.required("AssumeRolePolicyDocument", fields.document("AssumeRolePolicyDocument"));
        let one = |policy: &Fields<'_>| {
            let name = policy.required("PolicyName", policy.name("PolicyName", 128, "+=,.@_-"));
            let document = policy.required("PolicyDocument", policy.document("PolicyDocument"));
            Some(InlinePolicy {
                name: name?,
                document: document?,
            })
        };
        let policies = fields.nested_list("Policies", &["PolicyDocument", "PolicyName"]);
        let path = iam_path(fields);
        Some(Role {
            arn: identity.iam_arn(&format!("role{path}{name}")),
            name,
            path,
            policies: policies.iter().filter_map(one).collect(),
            managed_policy_arns: fields.texts("ManagedPolicyArns"),
            description: fields.text("Description"),
            tags: fields.tags(),
            assume_role_policy: assume?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String> {
        match name {
            "Arn" => Some(self.arn.clone()),
            "RoleId" => Some(identity.unique_id("AROA")),
            _ => None,
        }
    }
}

/// `Path` of an IAM resource: starts and ends with a slash.
pub(crate) fn iam_path(fields: &Fields<'_>) -> String {
    let Some((at, path)) = fields.sited_text("Path") else {
        return "/".to_owned();
    };
    if !(path.starts_with('/') && path.ends_with('/')) {
        let value = crate::node::Quoted(&path).to_string();
        let rule = "a path starts and ends with `/`".to_owned();
        fields.report(at, "Path", crate::Problem::NotAllowed { value, rule });
    }
    path
}
