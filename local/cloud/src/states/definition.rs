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

/// The definition that the children of a distributed Map run: its ItemProcessor, as a machine by itself.
pub(crate) fn processor(text: &str, state: &str) -> Option<Arc<str>> {
    let definition: Value = serde_json::from_str(text).ok()?;
    let language = definition.get("QueryLanguage").cloned();
    let (mut processor, language) = find_processor(&definition, state, language)?;
    let members = processor.as_object_mut()?;
    members.shift_remove("ProcessorConfig");
    if let Some(language) = language {
        members.entry("QueryLanguage").or_insert(language);
    }
    Some(processor.to_string().into())
}

/// The processor of the Map state with this name, which no other state in a definition has, and the query language that
/// it inherits.
fn find_processor(flow: &Value, state: &str, language: Option<Value>) -> Option<(Value, Option<Value>)> {
    flow.get("States")?.as_object()?.iter().find_map(|(name, body)| {
        let language = body.get("QueryLanguage").cloned().or_else(|| language.clone());
        let processor = body.get("ItemProcessor").or_else(|| body.get("Iterator"));
        if name == state {
            return Some((processor?.clone(), language));
        }
        let branches = body.get("Branches").and_then(Value::as_array).into_iter().flatten();
        let mut flows = processor.into_iter().chain(branches);
        flows.find_map(|flow| find_processor(flow, state, language.clone()))
    })
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
