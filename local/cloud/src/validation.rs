//! Checks of definitions and templates without anything running: what is wrong, where, and under AWS's code where it has one.

mod placeholders;
mod pointer;
mod templates;

use serde::Serialize;
use sluice_asl::{Diagnostic, DiagnosticCode, MachineType, Occasion, ParseOptions, StateMachine};

pub use templates::{TemplateSource, templates};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// It would be refused.
    Error,
    /// It would be taken.
    Warning,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// Its severity.
    pub severity: Severity,
    /// The code that ValidateStateMachineDefinition gives it; none for what is found in a template.
    pub code: Option<&'static str>,
    /// The element: `/States/Name/Field` of a definition, `Resource.Property` of a template.
    pub location: Option<String>,
    /// The finding in words.
    pub message: String,
}

impl Finding {
    /// An error about a whole file.
    fn of_file(file: &str, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            column: None,
            severity: Severity::Error,
            code: None,
            location: None,
            message,
        }
    }
}

/// Returns true if a text is a template and not a state machine's definition, as far as its beginning tells.
#[must_use]
pub fn is_template(text: &str) -> bool {
    let is_json = text.trim_start().starts_with('{');
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value.get("Resources").is_some() && value.get("StartAt").is_none(),
        Err(_) if is_json => text.contains("\"Resources\"") && !text.contains("\"StartAt\""),
        Err(_) => !text.lines().any(|line| line.starts_with("StartAt:")),
    }
}

/// Checks the definition of a Standard state machine, or of an Express one. Placeholders that a template fills may stand in it.
#[must_use]
pub fn definition(file: &str, text: &str, express: bool) -> Vec<Finding> {
    let machine_type = if express {
        MachineType::Express
    } else {
        MachineType::Standard
    };
    let options = ParseOptions {
        machine_type,
        occasion: Occasion::New,
    };
    let found = StateMachine::validate(&placeholders::filled(text), options);
    found.iter().map(|diagnostic| finding(file, text, diagnostic)).collect()
}

fn finding(file: &str, text: &str, diagnostic: &Diagnostic) -> Finding {
    let severity = match diagnostic.severity {
        sluice_asl::Severity::Error => Severity::Error,
        sluice_asl::Severity::Warning => Severity::Warning,
    };
    let about = Finding {
        file: file.to_owned(),
        line: None,
        column: None,
        severity,
        code: Some(diagnostic.code.as_str()),
        location: None,
        message: diagnostic.message.clone(),
    };
    if diagnostic.code == DiagnosticCode::InvalidJsonDescription {
        // its sentence ends with a place that quotes the text: here the place stands in front
        let message = diagnostic.message.lines().next().unwrap_or_default().to_owned();
        let place = serde_json::from_str::<serde::de::IgnoredAny>(text).err();
        return Finding {
            line: place.as_ref().map(|error| error.line().max(1)),
            column: place.as_ref().map(|error| error.column().max(1)),
            message,
            ..about
        };
    }
    let place = diagnostic
        .location
        .as_deref()
        .and_then(|location| pointer::position(text, location));
    Finding {
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        location: diagnostic.location.clone(),
        ..about
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_told_from_a_definition() {
        for (text, expected) in [
            ("Resources: {}\n", true),
            ("{\"Resources\": {}}", true),
            ("{\"StartAt\": \"A\", \"States\": {}}", false),
            ("{\"Resources\": {", true),
            ("{\"StartAt\": \"A\",", false),
            ("StartAt: A\nStates: {}\n", false),
            ("", true),
            ("{}", false),
        ] {
            assert_eq!(is_template(text), expected, "{text}");
        }
    }

    #[test]
    fn a_finding_has_code_and_place() {
        // what is about the whole has no place: 0
        fn check(text: &str, expected: &[(&str, Severity, usize, usize)]) {
            let found = definition("m.json", text, false);
            let mut found: Vec<_> = found
                .iter()
                .map(|one| {
                    let code = one.code.expect("a code");
                    (code, one.severity, one.line.unwrap_or(0), one.column.unwrap_or(0))
                })
                .collect();
            found.sort_by_key(|(_, _, line, _)| *line);
            assert_eq!(found, expected, "{text}");
        }
        let fine = "{\"StartAt\": \"A\",\n \"States\": {\n  \"A\": {\"Type\": \"Succeed\"}}}";
        check(fine, &[]);
        check(
            &fine.replace("Succeed", "Sleep"),
            &[("SCHEMA_VALIDATION_FAILED", Severity::Error, 3, 17)],
        );
        check(
            &fine.replace("{\"Type\": \"Succeed\"}", "{\"Type\": \"Pass\",\n   \"Next\": \"B\"}"),
            &[
                ("MISSING_END_STATE", Severity::Error, 0, 0),
                ("MISSING_TRANSITION_TARGET", Severity::Error, 4, 12),
            ],
        );
        check(
            &fine.replace(
                "{\"Type\": \"Succeed\"}",
                "{\"Type\": \"Pass\", \"Parameters\": {\"é\": \"$.a\"}, \"End\": true}",
            ),
            &[("NO_DOLLAR", Severity::Warning, 3, 45)],
        );
        let wait = r#"{"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% ${Days} * 86400 %}", "End": true}"#;
        check(&fine.replace("{\"Type\": \"Succeed\"}", wait), &[]);
        check(
            "{\"StartAt\":\n oops}",
            &[("INVALID_JSON_DESCRIPTION", Severity::Error, 2, 2)],
        );
    }
}
