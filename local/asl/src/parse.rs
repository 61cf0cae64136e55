//! JSON text to the typed definition.
//!
//! One pass over the JSON collects every finding; the definition comes out only if there is none. What AWS says about
//! a finding, and where, is in its words as far as they are known.

mod apis;
mod choice;
mod common;
mod duplicates;
mod fields;
mod flow;
mod json;
mod map;
mod options;
mod reader;
mod report;
mod request;
mod resource;
mod retry;
mod single_state;
mod state;
mod task;
mod template;

use serde_json::Value;

use crate::definition::{QueryLanguage, StateMachine};
use crate::{Diagnostic, DiagnosticCode, Diagnostics};
use fields::Fields;
pub use options::{MachineType, Occasion, ParseOptions};
use report::Report;

impl StateMachine {
    /// Parses and validates the definition of a Standard machine.
    ///
    /// ```
    /// use sluice_asl::StateMachine;
    ///
    /// let text = r#"{ "StartAt": "A", "States": { "A": { "Type": "Pass", "Next": "B" } } }"#;
    /// let diagnostics = StateMachine::parse(text).unwrap_err();
    /// assert_eq!(diagnostics.0[0].code.as_str(), "MISSING_TRANSITION_TARGET");
    /// ```
    ///
    /// # Errors
    /// Every finding, where the text is not JSON or breaks the language's rules.
    pub fn parse(text: &str) -> Result<StateMachine, Diagnostics> {
        Self::parse_with(text, ParseOptions::default())
    }

    /// Parses and validates a definition.
    ///
    /// ```
    /// use sluice_asl::{MachineType, ParseOptions, StateMachine};
    ///
    /// let text = r#"{ "StartAt": "A", "States": { "A": {
    ///     "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    ///     "Parameters": { "MessageBody.$": "$$.Task.Token" }, "End": true } } }"#;
    /// assert!(StateMachine::parse(text).is_ok());
    /// // an Express machine cannot wait for a token
    /// let options = ParseOptions { machine_type: MachineType::Express, ..ParseOptions::default() };
    /// assert!(StateMachine::parse_with(text, options).is_err());
    /// ```
    ///
    /// # Errors
    /// As [`StateMachine::parse`].
    pub fn parse_with(text: &str, options: ParseOptions) -> Result<StateMachine, Diagnostics> {
        let (machine, report) = read(text, options);
        match (machine, report.into_errors()) {
            (Some(machine), errors) if errors.is_empty() => Ok(machine),
            (_, errors) => Err(Diagnostics(errors)),
        }
    }

    /// Everything that ValidateStateMachineDefinition can say about a definition: errors and warnings, in the order of
    /// the text. The definition is accepted if no error is among them.
    ///
    /// ```
    /// use sluice_asl::{ParseOptions, Severity, StateMachine};
    ///
    /// let text = r#"{ "StartAt": "A", "States": { "A": {
    ///     "Type": "Pass", "Parameters": { "name": "$.name" }, "End": true } } }"#;
    /// let findings = StateMachine::validate(text, ParseOptions::default());
    /// assert_eq!(findings[0].severity, Severity::Warning);
    /// assert_eq!(findings[0].code.as_str(), "NO_DOLLAR");
    /// ```
    pub fn validate(text: &str, options: ParseOptions) -> Vec<Diagnostic> {
        read(text, options).1.into_findings()
    }
}

/// The definition and what was found. Without a definition there is an error among the findings.
fn read(text: &str, options: ParseOptions) -> (Option<StateMachine>, Report) {
    let mut report = Report::new(options);
    let machine = match json::parse(text, options.occasion) {
        Ok(Value::Null) => {
            let message = "Received a null or empty workflow input.";
            report.push(DiagnosticCode::MissingDescription, None, message);
            None
        }
        Ok(Value::Object(map)) => machine(&Fields::new(&map, String::new()), &mut report),
        Ok(_) => {
            report.schema("/", "Expected value of type Object");
            None
        }
        Err(finding) => {
            report.add(finding);
            None
        }
    };
    if machine.is_none() && !report.has_errors() {
        // a part that gives up reports why; this keeps the promise
        report.schema("/", "The definition is not valid");
    }
    (machine, report)
}

/// The top level.
fn machine(fields: &Fields<'_>, report: &mut Report) -> Option<StateMachine> {
    fields.allow(
        &[
            "Comment",
            "StartAt",
            "States",
            "Version",
            "TimeoutSeconds",
            "QueryLanguage",
        ],
        report,
    );
    fields.require(&["StartAt", "States"], report);
    if fields.string("Version", report).is_some_and(|version| version != "1.0") {
        report.schema(&fields.at("Version"), "Value should be one of the following: [1.0]");
    }
    let query_language = common::query_language(fields, report).unwrap_or(QueryLanguage::JsonPath);
    report.set_language(query_language);
    let comment = fields.string("Comment", report).map(str::to_owned);
    let timeout_seconds = fields.integer("TimeoutSeconds", 1..=fields::MAX_SECONDS, report);
    let flow = flow::parse(fields, report)?;
    Some(StateMachine {
        comment,
        timeout_seconds,
        query_language,
        flow,
        costly: report.costly,
    })
}

#[cfg(test)]
mod tests;
