//! `AWS::SNS::TopicPolicy`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topicpolicy.html>).

use serde_json::Value;

use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::Kind;

/// A policy of topics. `Ref` and `Id` give a generated id. Access is not checked locally; the document is kept so that it can be
/// shown.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicPolicy {
    /// `PolicyDocument`.
    pub document: Value,
    /// `Topics`: ARNs.
    pub topics: Vec<String>,
}

impl Kind for TopicPolicy {
    const TYPE: &'static str = "AWS::SNS::TopicPolicy";
    const ATTRIBUTES: &'static [&'static str] = &["Id"];
    const PROPERTIES: &'static [Property] = &[Property::honoured("PolicyDocument"), Property::honoured("Topics")];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        let document = fields.required("PolicyDocument", fields.document("PolicyDocument"));
        fields.required("Topics", fields.node("Topics"));
        Some(TopicPolicy {
            topics: fields.texts("Topics"),
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
