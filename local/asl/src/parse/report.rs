//! The findings so far, and what all parts of the parser must know.

use std::collections::HashSet;

use super::options::MachineType;
use crate::definition::{Name, QueryLanguage};
use crate::{Diagnostic, DiagnosticCode, Severity};

/// The most findings of one severity; more would help nobody. One more than ValidateStateMachineDefinition shows, so that
/// it can say that there are more.
const MAX_FINDINGS: usize = 101;

pub(super) struct Report {
    pub(super) machine_type: MachineType,
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
    pub(super) fn new(machine_type: MachineType) -> Self {
        Self {
            machine_type,
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
