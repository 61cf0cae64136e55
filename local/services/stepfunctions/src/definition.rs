//! Definitions, checked before they are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use sluice_asl::{Diagnostic, MachineType, Occasion, ParseOptions, StateMachine};
use sluice_driver::MachineKind;
use sluice_wire::ApiError;

use crate::{StatesError, label};

/// The most characters of a definition.
pub(crate) const MAX_CHARS: usize = 1_048_576;

fn options(kind: MachineKind) -> ParseOptions {
    let machine_type = match kind {
        MachineKind::Standard => MachineType::Standard,
        MachineKind::Express => MachineType::Express,
    };
    ParseOptions {
        machine_type,
        occasion: Occasion::New,
    }
}

/// Errors and warnings about a definition for a type of machine.
pub(crate) fn findings(text: &str, kind: MachineKind) -> Vec<Diagnostic> {
    StateMachine::validate(text, options(kind))
}

/// Checks a definition, as the calls that keep it report it.
pub(crate) fn accept(text: &str, kind: MachineKind) -> Result<(), StatesError> {
    match StateMachine::parse_with(text, options(kind)) {
        Ok(_) => Ok(()),
        Err(diagnostics) => {
            let sentence = label::sentence(&diagnostics, text);
            Err(StatesError::InvalidDefinition(
                sentence.unwrap_or_else(|| diagnostics.to_string()),
            ))
        }
    }
}

/// The text that METADATA_ONLY shows in a definition's place.
const NOT_INCLUDED: &str = "{}";

/// `variableReferences`: the variables that each state reads.
pub(crate) type VariableReferences = BTreeMap<String, BTreeSet<String>>;

/// A definition as the Describe calls show it: with the variables that it reads, or without the data a definition that says
/// nothing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribedDefinition {
    definition: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable_references: Option<VariableReferences>,
}

impl DescribedDefinition {
    /// # Errors
    /// When the process is ending.
    pub(crate) async fn of(text: Arc<str>, included_data: bool) -> Result<Self, StatesError> {
        if !included_data {
            return Ok(Self {
                definition: NOT_INCLUDED.into(),
                variable_references: None,
            });
        }
        Ok(Self {
            definition: Arc::clone(&text),
            variable_references: variable_references(text).await?,
        })
    }
}

/// The variables that each state reads; none if no state reads any.
async fn variable_references(text: Arc<str>) -> Result<Option<VariableReferences>, StatesError> {
    // Off the runtime's threads: a definition may have a megabyte.
    let read = tokio::task::spawn_blocking(move || {
        let machine = StateMachine::parse(&text).ok()?;
        let references = machine.variable_references();
        let owned = references.into_iter().map(|(state, variables)| {
            let variables = variables.into_iter().map(str::to_owned).collect();
            (state.to_owned(), variables)
        });
        let owned: VariableReferences = owned.collect();
        (!owned.is_empty()).then_some(owned)
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

/// The two types by their names on the wire.
pub(crate) const KINDS: [(&str, MachineKind); 2] =
    [("STANDARD", MachineKind::Standard), ("EXPRESS", MachineKind::Express)];
