//! Definitions, checked before they are kept.

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::{Diagnostic, Diagnostics, MachineType, ParseOptions, StateMachine};
use sluice_driver::MachineKind;

use super::{StatesError, label};
use crate::endpoint::ApiError;

/// The most characters of a definition.
pub(crate) const MAX_CHARS: usize = 1_048_576;

/// Checks a definition for a type of machine.
pub(crate) fn check(text: &str, kind: MachineKind) -> Result<(), Diagnostics> {
    let machine_type = match kind {
        MachineKind::Standard => MachineType::Standard,
        MachineKind::Express => MachineType::Express,
    };
    StateMachine::parse_with(text, ParseOptions { machine_type }).map(|_machine| ())
}

/// The same, as the calls that keep it report it.
pub(crate) fn accept(text: &str, kind: MachineKind) -> Result<(), StatesError> {
    check(text, kind).map_err(|diagnostics| {
        let sentence = label::sentence(&diagnostics, text);
        StatesError::InvalidDefinition(sentence.unwrap_or_else(|| diagnostics.to_string()))
    })
}

/// `variableReferences`: the variables that each state reads; none if no state reads any.
pub(crate) async fn variable_references(text: Arc<str>) -> Result<Option<Value>, StatesError> {
    // Off the runtime's threads: a definition may have a megabyte.
    let read = tokio::task::spawn_blocking(move || {
        let machine = StateMachine::parse(&text).ok()?;
        let references = machine.variable_references();
        (!references.is_empty()).then(|| json!(references))
    });
    read.await
        .map_err(|failure| ApiError::internal("InternalServerError", &failure).into())
}

/// A finding on the wire.
pub(crate) fn shown(diagnostic: &Diagnostic) -> Value {
    let mut shown = json!({
        "severity": diagnostic.severity.as_str(),
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
    });
    if let Some(location) = &diagnostic.location {
        shown["location"] = json!(location);
    }
    shown
}

/// The two types by their names on the wire.
pub(crate) const KINDS: [(&str, MachineKind); 2] =
    [("STANDARD", MachineKind::Standard), ("EXPRESS", MachineKind::Express)];
