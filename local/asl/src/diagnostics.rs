//! Findings about a definition, as ValidateStateMachineDefinition reports them.

use std::fmt;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition is accepted.
    Warning,
}

impl Severity {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiagnosticCode {
    /// The text is not JSON.
    InvalidJsonDescription,
    /// There is no text, or `null`.
    MissingDescription,
    /// The JSON breaks a rule of the language.
    SchemaValidationFailed,
    /// A `Next`, `Default` or `StartAt` names no state of its flow.
    MissingTransitionTarget,
    /// No state of a flow ends it.
    MissingEndState,
    /// Two states have the same name.
    DuplicateStateName,
    /// A state's name is empty or too long.
    InvalidStateName,
    /// `Assign` has a name that no variable can have.
    InvalidVariableName,
    /// `Assign` has a name that Step Functions keeps for itself.
    ReservedVariableName,
    /// A JSONata expression does not parse.
    InvalidJsonataExpression,
    /// A JSONata expression reads what Step Functions does not offer.
    UnsupportedJsonataExpression,
    /// A Map's `Label` is empty, too long or holds a character that ARNs cannot.
    InvalidLabel,
    /// Two Maps have the same `Label`.
    DuplicateLabel,
    /// Warning: a template's constant looks like a path or a call, but its key does not end with `.$`.
    NoDollar,
    /// Warning: a field's constant looks like a path, but the field's name does not end with `Path`.
    NoPath,
    /// Warning: a Pass state's `Result` looks like a path or a template, but is never evaluated.
    PassResultIsStatic,
}

impl DiagnosticCode {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DiagnosticCode::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            DiagnosticCode::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            DiagnosticCode::MissingDescription => "MISSING_DESCRIPTION",
            DiagnosticCode::InvalidStateName => "INVALID_STATE_NAME",
            DiagnosticCode::InvalidVariableName => "INVALID_VARIABLE_NAME",
            DiagnosticCode::ReservedVariableName => "RESERVED_VARIABLE_NAME",
            DiagnosticCode::InvalidLabel => "INVALID_LABEL_NAME",
            DiagnosticCode::DuplicateLabel => "DUPLICATE_LABEL_NAME",
            DiagnosticCode::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            DiagnosticCode::MissingEndState => "MISSING_END_STATE",
            DiagnosticCode::DuplicateStateName => "DUPLICATE_STATE_NAME",
            DiagnosticCode::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            DiagnosticCode::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
            DiagnosticCode::NoDollar => "NO_DOLLAR",
            DiagnosticCode::NoPath => "NO_PATH",
            DiagnosticCode::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: DiagnosticCode,
    /// Its severity.
    pub severity: Severity,
    /// AWS's sentence, without code and place.
    pub message: String,
    /// `/States/Name/Field`, or Jackson's `[Source: …]` for text that is not JSON.
    pub location: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)?;
        match (&self.location, self.code) {
            // Jackson's message ends with its own place
            (_, DiagnosticCode::InvalidJsonDescription) => Ok(()),
            // measured: AWS writes its null
            (None, _) => f.write_str(" at null"),
            (Some(location), _) => write!(f, " at {location}"),
        }
    }
}

/// All findings about a definition that is refused; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalid State Machine Definition: '")?;
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{diagnostic}")?;
        }
        f.write_str("'")
    }
}
