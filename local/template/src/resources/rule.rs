//! `AWS::Events::Rule`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html>).

mod pattern;

use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

pub use pattern::{EventPattern, PatternError};

/// A rule of EventBridge: events that match its pattern go to functions. `Ref` gives its name, `Arn` its ARN.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// `Name`, or a generated name; at most 64 characters.
    pub name: String,
    /// The rule's ARN.
    pub arn: String,
    /// `Description`.
    pub description: Option<String>,
    /// `State` is `ENABLED`, which it is when absent.
    pub enabled: bool,
    /// `EventPattern`.
    pub pattern: EventPattern,
    /// `Targets`.
    pub targets: Vec<RuleTarget>,
}

/// A function that gets the events of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTarget {
    /// `Id`.
    pub id: String,
    /// `Arn`: the function's.
    pub arn: String,
    /// `RetryPolicy.MaximumRetryAttempts`: 0 to 185, which it is when absent.
    pub max_retries: u32,
    /// `RetryPolicy.MaximumEventAgeInSeconds`: 60 to 86,400, which it is when absent.
    pub max_event_age_seconds: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EnabledState {
    Enabled,
    Disabled,
}

impl Choice for EnabledState {
    const ALL: &'static [(&'static str, Self)] =
        &[("ENABLED", EnabledState::Enabled), ("DISABLED", EnabledState::Disabled)];
}

const TARGET: &[Property] = &[
    Property::refused("AppSyncParameters", "call a function"),
    Property::honoured("Arn"),
    Property::refused("BatchParameters", "call a function"),
    Property::refused("DeadLetterConfig", "what fails is in the log; leave it out"),
    Property::refused("EcsParameters", "call a function"),
    Property::refused("HttpParameters", "call a function"),
    Property::honoured("Id"),
    Property::refused("Input", "the function gets the event"),
    Property::refused("InputPath", "the function gets the event"),
    Property::refused("InputTransformer", "the function gets the event"),
    Property::refused("KinesisParameters", "call a function"),
    Property::refused("RedshiftDataParameters", "call a function"),
    Property::honoured("RetryPolicy"),
    Property::ignored("RoleArn", Shape::Text, "access is not checked locally"),
    Property::refused("RunCommandParameters", "call a function"),
    Property::refused("SageMakerPipelineParameters", "call a function"),
    Property::refused("SqsParameters", "call a function"),
];

const ADVICE: &str = "of AWS's own events there are here those of the source aws.states with the detail-type Step Functions Execution \
                      Status Change; others come by PutEvents, under sources of one's own";

impl Kind for Rule {
    const TYPE: &'static str = "AWS::Events::Rule";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("Description"),
        Property::refused("EventBusName", "there is one bus"),
        Property::honoured("EventPattern"),
        Property::honoured("Name"),
        Property::ignored("RoleArn", Shape::Text, "access is not checked locally"),
        Property::refused("ScheduleExpression", "use AWS::Scheduler::Schedule"),
        Property::honoured("State"),
        Property::ignored("Tags", Shape::List, "nobody asks for them"),
        Property::honoured("Targets"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("Name", 64, "-_.")
            .unwrap_or_else(|| identity.generated_name(64));
        let pattern = fields.required("EventPattern", fields.document("EventPattern"))?;
        let pattern = match EventPattern::read(&pattern) {
            Ok(pattern) => pattern,
            Err(error) => {
                fields.refuse(
                    "EventPattern",
                    "a pattern that EventBridge does not know",
                    &error.to_string(),
                );
                return None;
            }
        };
        if never_fits(&pattern) {
            fields.refuse("EventPattern", "a pattern for other events", ADVICE);
            return None;
        }
        let mut targets = Vec::new();
        for target in fields.nested_list_as("Targets", TARGET) {
            let retry = target.nested("RetryPolicy", &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"]);
            let retry = |name, min, max| retry.as_ref().and_then(|retry| retry.integer(name, min, max));
            let (id, arn) = (target.required_text("Id"), target.required_text("Arn"));
            targets.push(RuleTarget {
                max_retries: retry("MaximumRetryAttempts", 0, 185).unwrap_or(185),
                max_event_age_seconds: retry("MaximumEventAgeInSeconds", 60, 86_400).unwrap_or(86_400),
                id: id?,
                arn: arn?,
            });
        }
        Some(Rule {
            arn: identity.arn("events", &format!("rule/{name}")),
            name,
            description: fields.text("Description"),
            enabled: fields.choice("State") != Some(EnabledState::Disabled),
            pattern,
            targets,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        for target in &self.targets {
            peers.find("Targets", ResourceType::Function, &target.arn)?;
        }
        Ok(())
    }
}

/// Tells whether a pattern asks only for events that AWS's services send, and none of which is sent here.
fn never_fits(pattern: &EventPattern) -> bool {
    let Some(sources) = pattern.texts("source") else {
        return false;
    };
    if sources.iter().any(|source| !source.starts_with("aws.")) {
        return false;
    }
    let of_executions = pattern
        .texts("detail-type")
        .is_none_or(|kinds| kinds.contains(&"Step Functions Execution Status Change"));
    !(sources.contains(&"aws.states") && of_executions)
}
