//! `AWS::CloudWatch::Dashboard`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-dashboard.html>).

use indexmap::IndexMap;
use serde_json::Value;

use crate::error::Problem;
use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::Kind;

/// A dashboard. `Ref` gives its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// `DashboardName`, or a generated name; at most 255 characters.
    pub name: String,
    /// `DashboardBody`, parsed: an object.
    pub body: Value,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

impl Kind for Dashboard {
    const TYPE: &'static str = "AWS::CloudWatch::Dashboard";
    const ATTRIBUTES: &'static [&'static str] = &[];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("DashboardBody"),
        Property::honoured("DashboardName"),
        Property::honoured("Tags"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("DashboardName", 255, "-_")
            .unwrap_or_else(|| identity.generated_name(255));
        let (at, text) = fields.required("DashboardBody", fields.sited_text("DashboardBody"))?;
        let body = fields.parse_json(at, "DashboardBody", &text)?;
        if !body.is_object() {
            let problem = Problem::WrongType {
                expected: "a JSON object in a string",
                found: "other JSON".to_owned(),
            };
            fields.report(at, "DashboardBody", problem);
        }
        Some(Dashboard {
            name,
            body,
            tags: fields.tags(),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
