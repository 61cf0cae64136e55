//! [ValidateStateMachineDefinition](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html)

use serde::{Deserialize, Serialize};
use sluice_asl::{Diagnostic, Severity};
use sluice_driver::MachineKind;
use sluice_wire::Constraints;

use crate::{StatesError, StepFunctions, definition};

const DEFAULT_FINDINGS: u32 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    definition: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Response {
    result: &'static str,
    diagnostics: Vec<Finding>,
    truncated: bool,
}

/// `ValidateStateMachineDefinitionDiagnostic`.
#[derive(Debug, Serialize)]
struct Finding {
    severity: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

impl Finding {
    fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity.as_str(),
            code: diagnostic.code.as_str(),
            message: diagnostic.message.clone(),
            location: diagnostic.location.clone(),
        }
    }
}

pub(crate) async fn call(_: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let text = constraints.text("definition", request.definition, 1..=definition::MAX_CHARS);
    let kind = constraints.choice(
        "type",
        request.kind.as_deref(),
        &definition::KINDS,
        MachineKind::Standard,
    );
    let severities = [("ERROR", Severity::Error), ("WARNING", Severity::Warning)];
    let severity = constraints.choice("severity", request.severity.as_deref(), &severities, Severity::Error);
    let limit = constraints.number("maxResults", request.max_results, 0..=100, DEFAULT_FINDINGS);
    constraints.finish()?;
    let limit = if limit == 0 { DEFAULT_FINDINGS } else { limit } as usize;

    let findings = definition::findings(&text, kind);
    let is_error = |finding: &Diagnostic| finding.severity == Severity::Error;
    let asked_for: Vec<&Diagnostic> = findings
        .iter()
        .filter(|finding| severity == Severity::Warning || is_error(finding))
        .collect();
    Ok(Response {
        result: if findings.iter().any(is_error) { "FAIL" } else { "OK" },
        diagnostics: asked_for
            .iter()
            .take(limit)
            .map(|finding| Finding::of(finding))
            .collect(),
        truncated: asked_for.len() > limit,
    })
}
