//! The findings so far, and what all parts of the parser must know.

use std::collections::HashSet;

use super::MachineType;
use crate::definition::{Name, QueryLanguage};
use crate::{Diagnostic, DiagnosticCode, Severity};

/// The most findings of one definition; more would help nobody.
const MAX_FINDINGS: usize = 100;

pub(super) struct Report {
    pub(super) machine_type: MachineType,
    /// The machine's query language, which states inherit whatever lies between.
    pub(super) language: QueryLanguage,
    names: HashSet<Name>,
    findings: Vec<Diagnostic>,
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
            names: HashSet::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn set_language(&mut self, language: QueryLanguage) {
        self.language = language;
    }

    pub(super) fn into_findings(self) -> Vec<Diagnostic> {
        self.findings
    }

    pub(super) fn push(&mut self, code: DiagnosticCode, location: Option<&str>, message: impl Into<String>) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Diagnostic {
                code,
                severity: Severity::Error,
                message: message.into(),
                location: location.map(str::to_owned),
            });
        }
    }

    pub(super) fn schema(&mut self, location: &str, message: impl Into<String>) {
        self.push(DiagnosticCode::SchemaValidationFailed, Some(location), message);
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
