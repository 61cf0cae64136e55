//! `AWS::Logs::LogGroup`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html>).

use indexmap::IndexMap;

use crate::error::Problem;
use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// A log group. `Ref` gives its name, `Arn` its ARN with `:*` at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct LogGroup {
    /// `LogGroupName`, or a generated name; at most 512 characters.
    pub name: String,
    /// The ARN, with `:*` at the end.
    pub arn: String,
    /// `RetentionInDays`; for ever when absent.
    pub retention_days: Option<u32>,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

const RETENTION_DAYS: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

impl Kind for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored(
            "BearerTokenAuthenticationEnabled",
            Shape::Boolean,
            "there is no Logs endpoint locally",
        ),
        Property::ignored(
            "DataProtectionPolicy",
            Shape::Document,
            "log lines are not inspected locally",
        ),
        Property::ignored(
            "DeletionProtectionEnabled",
            Shape::Boolean,
            "logs are files of the data directory",
        ),
        Property::ignored("FieldIndexPolicies", Shape::List, "logs are not indexed locally"),
        Property::ignored("KmsKeyId", Shape::Text, "logs are not encrypted locally"),
        Property::ignored("LogGroupClass", Shape::Text, "classes differ in price only"),
        Property::honoured("LogGroupName"),
        Property::ignored(
            "ResourcePolicyDocument",
            Shape::Mapping,
            "access is not checked locally",
        ),
        Property::honoured("RetentionInDays"),
        Property::honoured("Tags"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("LogGroupName", 512, "_-/.#")
            .unwrap_or_else(|| identity.generated_name(512));
        let retention_days: Option<u32> = fields.integer("RetentionInDays", 1, 3653);
        if let (Some(days), Some(node)) = (retention_days, fields.node("RetentionInDays"))
            && !RETENTION_DAYS.contains(&days)
        {
            let days_allowed: Vec<String> = RETENTION_DAYS.iter().map(u32::to_string).collect();
            let rule = format!("it must be one of {}", days_allowed.join(", "));
            fields.report(
                node.at,
                "RetentionInDays",
                Problem::NotAllowed {
                    value: days.to_string(),
                    rule,
                },
            );
        }
        let arn = identity.arn("logs", &format!("log-group:{name}:*"));
        Some(LogGroup {
            name,
            arn,
            retention_days,
            tags: fields.tags(),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }
}
