//! The findings so far, and what all parts of the parser must know.

use std::collections::HashSet;

use super::options::{MachineType, Occasion, ParseOptions};
use crate::definition::{Name, QueryLanguage};
use crate::{Diagnostic, DiagnosticCode, Severity};

/// The most findings of one severity; more would help nobody. One more than ValidateStateMachineDefinition shows, so that
/// it can say that there are more.
const MAX_FINDINGS: usize = 101;

/// A member of `$states` besides `input` and `context`, which are always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatesMember {
    /// `result`: a call, a branch or an iteration has come to its end.
    Result,
    /// `errorOutput`: a catcher has taken an error.
    ErrorOutput,
}

pub(super) struct Report {
    pub(super) machine_type: MachineType,
    occasion: Occasion,
    /// The member that expressions can read where the parser is.
    states_member: Option<StatesMember>,
    /// The machine's query language, which states inherit whatever lies between.
    pub(super) language: QueryLanguage,
    /// An expression's cost may grow faster than what it reads.
    pub(super) costly: bool,
    names: HashSet<Name>,
    labels: HashSet<String>,
    findings: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostic {
    /// A `SCHEMA_VALIDATION_FAILED` error.
    pub(crate) fn schema(location: &str, message: impl Into<String>) -> Self {
        Self {
            code: DiagnosticCode::SchemaValidationFailed,
            severity: Severity::Error,
            message: message.into(),
            location: Some(location.to_owned()),
        }
    }
}

impl Report {
    pub(super) fn new(options: ParseOptions) -> Self {
        Self {
            machine_type: options.machine_type,
            occasion: options.occasion,
            states_member: None,
            language: QueryLanguage::JsonPath,
            costly: false,
            names: HashSet::new(),
            labels: HashSet::new(),
            findings: Vec::new(),
            errors: 0,
            warnings: 0,
        }
    }

    pub(super) fn set_language(&mut self, language: QueryLanguage) {
        self.language = language;
    }

    /// Errors and warnings, as they were found.
    pub(super) fn into_findings(self) -> Vec<Diagnostic> {
        self.findings
    }

    /// The findings for which a definition is refused.
    pub(super) fn into_errors(mut self) -> Vec<Diagnostic> {
        self.findings.retain(|finding| finding.severity == Severity::Error);
        self.findings
    }

    pub(super) fn push(&mut self, code: DiagnosticCode, location: Option<&str>, message: impl Into<String>) {
        self.add(Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            location: location.map(str::to_owned),
        });
    }

    /// A finding for which no definition is refused.
    pub(super) fn warn(&mut self, code: DiagnosticCode, location: &str, message: impl Into<String>) {
        self.add(Diagnostic {
            code,
            severity: Severity::Warning,
            message: message.into(),
            location: Some(location.to_owned()),
        });
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    pub(super) fn add(&mut self, finding: Diagnostic) {
        let count = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if *count < MAX_FINDINGS {
            *count += 1;
            self.findings.push(finding);
        }
    }

    pub(super) fn schema(&mut self, location: &str, message: impl Into<String>) {
        self.push(DiagnosticCode::SchemaValidationFailed, Some(location), message);
    }

    /// A `SCHEMA_VALIDATION_FAILED` error about a definition that is new.
    pub(super) fn refuse(&mut self, location: &str, message: impl Into<String>) {
        if self.is_new() {
            self.schema(location, message);
        }
    }

    /// Tells whether all that AWS refuses is to be refused.
    pub(super) fn is_new(&self) -> bool {
        self.occasion == Occasion::New
    }

    /// Reads a part of the definition whose expressions have one more member of `$states`.
    pub(super) fn with<T>(&mut self, member: Option<StatesMember>, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.states_member, member);
        let value = read(self);
        self.states_member = before;
        value
    }

    /// Complains about the members of `$states` that an expression reads and that are not there.
    pub(super) fn states_members<'n>(&mut self, names: impl IntoIterator<Item = &'n str>, location: &str) {
        if !self.is_new() {
            return;
        }
        for name in names {
            let is_there = match name {
                "input" | "context" => true,
                "result" => self.states_member == Some(StatesMember::Result),
                "errorOutput" => self.states_member == Some(StatesMember::ErrorOutput),
                _ => false,
            };
            if !is_there {
                let message = format!("Field '$states.{name}' does not exist.");
                self.push(DiagnosticCode::UnsupportedJsonataExpression, Some(location), message);
            }
        }
    }

    /// Takes note of a Map's label; every label is used once in the whole machine, because ARNs hold it.
    pub(super) fn label(&mut self, label: &str, location: &str) {
        if !self.labels.insert(label.to_owned()) {
            self.push(
                DiagnosticCode::DuplicateLabel,
                Some(location),
                format!("Duplicate Label name: {label}"),
            );
        }
    }

    /// Takes note of a state's name; every name is used once in the whole machine.
    pub(super) fn name(&mut self, name: &Name, location: &str) {
        if !self.names.insert(name.clone()) {
            self.push(
                DiagnosticCode::DuplicateStateName,
                Some(location),
                format!("Duplicate State name: {name}"),
            );
        }
    }
}
