//! `AWS::Lambda::EventInvokeConfig`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html>).

use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

/// The rules by which a function's asynchronous invocations are retried. `Ref` gives a generated id.
#[derive(Debug, Clone, PartialEq)]
pub struct EventInvokeConfig {
    /// The logical id of the function.
    pub function: String,
    /// `Qualifier`: a version, an alias or `$LATEST`.
    pub qualifier: String,
    /// `MaximumEventAgeInSeconds`: 60 to 21,600; 21,600 when absent.
    pub maximum_event_age_seconds: u32,
    /// `MaximumRetryAttempts`: 0 to 2; 2 when absent.
    pub maximum_retry_attempts: u32,
    /// `FunctionName` as given: a name or an ARN.
    target: String,
}

impl Kind for EventInvokeConfig {
    const TYPE: &'static str = "AWS::Lambda::EventInvokeConfig";
    const ATTRIBUTES: &'static [&'static str] = &[];
    const PROPERTIES: &'static [Property] = &[
        Property::refused(
            "DestinationConfig",
            "asynchronous invocations have no destinations; use a state machine",
        ),
        Property::honoured("FunctionName"),
        Property::honoured("MaximumEventAgeInSeconds"),
        Property::honoured("MaximumRetryAttempts"),
        Property::honoured("Qualifier"),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        let (target, qualifier) = (fields.required_text("FunctionName"), fields.required_text("Qualifier"));
        Some(EventInvokeConfig {
            function: String::new(),
            maximum_event_age_seconds: fields.integer("MaximumEventAgeInSeconds", 60, 21_600).unwrap_or(21_600),
            maximum_retry_attempts: fields.integer("MaximumRetryAttempts", 0, 2).unwrap_or(2),
            qualifier: qualifier?,
            target: target?,
        })
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(128)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        self.function = peers.find("FunctionName", ResourceType::Function, &self.target)?;
        Ok(())
    }
}
