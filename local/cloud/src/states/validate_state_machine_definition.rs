//! [ValidateStateMachineDefinition](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_asl::{Diagnostic, Severity};
use sluice_driver::MachineKind;

use super::{StatesError, definition};
use crate::endpoint::{Constraints, Services};

const DEFAULT_FINDINGS: u32 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    definition: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<i64>,
}

pub(super) async fn call(_services: &Services, request: Request) -> Result<Value, StatesError> {
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
    Ok(json!({
        "result": if findings.iter().any(is_error) { "FAIL" } else { "OK" },
        "diagnostics": asked_for.iter().take(limit).map(|finding| definition::shown(finding)).collect::<Vec<_>>(),
        "truncated": asked_for.len() > limit,
    }))
}
