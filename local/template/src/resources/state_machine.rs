//! `AWS::StepFunctions::StateMachine`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html>).

use indexmap::IndexMap;

use crate::error::Problem;
use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::node::Data;
use crate::resources::Kind;

/// A state machine. `Ref` and `Arn` give its ARN, `Name` its name.
#[derive(Debug, Clone, PartialEq)]
pub struct StateMachine {
    /// `StateMachineName`, or a generated name; at most 80 characters.
    pub name: String,
    /// The state machine's ARN.
    pub arn: String,
    /// `StateMachineType`; standard when absent.
    pub kind: StateMachineType,
    /// `DefinitionString`, `Definition` or `DefinitionS3Location`.
    pub definition: Definition,
    /// `DefinitionSubstitutions`: see [`crate::substitute`].
    pub substitutions: IndexMap<String, String>,
    /// `RoleArn`.
    pub role_arn: String,
    /// `LoggingConfiguration.Level`; off when absent.
    pub log_level: LogLevel,
    /// `LoggingConfiguration.IncludeExecutionData`; false when absent.
    pub log_execution_data: bool,
    /// `LoggingConfiguration.Destinations`: ARNs of log groups.
    pub log_group_arns: Vec<String>,
    /// `TracingConfiguration.Enabled`; false when absent.
    pub tracing: bool,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

/// The definition of a state machine: its text, or the place of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// The text itself, from `DefinitionString` or `Definition`.
    Text(String),
    /// `DefinitionS3Location` as a path relative to the template; `aws cloudformation package` makes an S3 location of it for
    /// AWS.
    Path(String),
}

/// The type of a state machine, which says how its executions are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateMachineType {
    /// `STANDARD`.
    Standard,
    /// `EXPRESS`.
    Express,
}

impl Choice for StateMachineType {
    const ALL: &'static [(&'static str, Self)] = &[
        ("STANDARD", StateMachineType::Standard),
        ("EXPRESS", StateMachineType::Express),
    ];
}

/// The choice of the events that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// `ALL`.
    All,
    /// `ERROR`.
    Error,
    /// `FATAL`.
    Fatal,
    /// `OFF`.
    Off,
}

impl Choice for LogLevel {
    const ALL: &'static [(&'static str, Self)] = &[
        ("ALL", LogLevel::All),
        ("ERROR", LogLevel::Error),
        ("FATAL", LogLevel::Fatal),
        ("OFF", LogLevel::Off),
    ];
}

const DEFINITIONS: [&str; 3] = ["DefinitionString", "Definition", "DefinitionS3Location"];

impl Kind for StateMachine {
    const TYPE: &'static str = "AWS::StepFunctions::StateMachine";
    const ATTRIBUTES: &'static [&'static str] = &["Arn", "Name"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("Definition"),
        Property::honoured("DefinitionS3Location"),
        Property::honoured("DefinitionString"),
        Property::honoured("DefinitionSubstitutions"),
        Property::ignored(
            "EncryptionConfiguration",
            Shape::Mapping,
            "executions are not encrypted locally",
        ),
        Property::honoured("LoggingConfiguration"),
        Property::honoured("RoleArn"),
        Property::honoured("StateMachineName"),
        Property::honoured("StateMachineType"),
        Property::honoured("Tags"),
        Property::honoured("TracingConfiguration"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("StateMachineName", 80, "-_")
            .unwrap_or_else(|| identity.generated_name(80));
        let (definition, role_arn) = (read_definition(fields), fields.required_text("RoleArn"));
        let logging = fields.nested(
            "LoggingConfiguration",
            &["Destinations", "IncludeExecutionData", "Level"],
        );
        let tracing = fields.nested("TracingConfiguration", &["Enabled"]);
        Some(StateMachine {
            arn: identity.arn("states", &format!("stateMachine:{name}")),
            name,
            kind: fields.choice("StateMachineType").unwrap_or(StateMachineType::Standard),
            substitutions: fields.text_map("DefinitionSubstitutions"),
            log_level: logging
                .as_ref()
                .and_then(|logging| logging.choice("Level"))
                .unwrap_or(LogLevel::Off),
            log_execution_data: logging
                .as_ref()
                .and_then(|logging| logging.boolean("IncludeExecutionData"))
                .unwrap_or(false),
            log_group_arns: logging.as_ref().map_or_else(Vec::new, read_destinations),
            tracing: tracing.and_then(|tracing| tracing.boolean("Enabled")).unwrap_or(false),
            tags: fields.tags(),
            definition: definition?,
            role_arn: role_arn?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.arn.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        match name {
            "Arn" => Some(self.arn.clone()),
            "Name" => Some(self.name.clone()),
            _ => None,
        }
    }
}

fn read_definition(fields: &Fields<'_>) -> Option<Definition> {
    let given: Vec<&str> = DEFINITIONS
        .into_iter()
        .filter(|name| fields.node(name).is_some())
        .collect();
    match given.as_slice() {
        ["DefinitionString"] => fields.text("DefinitionString").map(Definition::Text),
        ["Definition"] => {
            fields.nested("Definition", &DEFINITION_KEYS)?;
            fields.json("Definition").map(|json| Definition::Text(json.to_string()))
        }
        ["DefinitionS3Location"] => read_location(fields),
        [] => {
            let message = "one of DefinitionString, Definition, DefinitionS3Location is required".to_owned();
            fields.report(fields.at(), "DefinitionString", Problem::Conflict(message));
            None
        }
        several => {
            let message = format!("only one of {} can be given", several.join(", "));
            fields.report(fields.at(), "DefinitionString", Problem::Conflict(message));
            None
        }
    }
}

/// The top-level fields of a definition (<https://states-language.net/spec.html#toplevelfields>); what is in them is for who reads
/// the definition.
const DEFINITION_KEYS: [&str; 6] = [
    "Comment",
    "QueryLanguage",
    "StartAt",
    "States",
    "TimeoutSeconds",
    "Version",
];

fn read_location(fields: &Fields<'_>) -> Option<Definition> {
    let node = fields.node("DefinitionS3Location")?;
    let path = match &node.data {
        Data::Scalar(scalar) if !scalar.as_text().is_empty() && !scalar.as_text().starts_with("s3://") => {
            return Some(Definition::Path(scalar.as_text().to_owned()));
        }
        Data::Scalar(scalar) => format!("the definition {}", crate::node::Quoted(scalar.as_text())),
        Data::Map(_) => "a definition in S3".to_owned(),
        Data::List(_) => {
            fields.text("DefinitionS3Location");
            return None;
        }
    };
    let advice = "give a path relative to the template, such as `../workflows/ingest.asl.json`; \
                  `aws cloudformation package` uploads it for AWS"
        .to_owned();
    fields.report(
        node.at,
        "DefinitionS3Location",
        Problem::NotLocal { what: path, advice },
    );
    None
}

fn read_destinations(logging: &Fields<'_>) -> Vec<String> {
    let one = |destination: &Fields<'_>| {
        let group = destination.nested("CloudWatchLogsLogGroup", &["LogGroupArn"]);
        let group = destination.required("CloudWatchLogsLogGroup", group)?;
        group.required_text("LogGroupArn")
    };
    logging
        .nested_list("Destinations", &["CloudWatchLogsLogGroup"])
        .iter()
        .filter_map(one)
        .collect()
}
