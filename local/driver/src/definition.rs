//! Definitions of state machines, as texts.

use std::sync::Arc;

use sluice_asl::{MachineType, ParseOptions, StateMachine};

use crate::MachineKind;

/// Parses a definition's text.
pub(crate) fn parse(text: &str) -> Result<Arc<StateMachine>, String> {
    StateMachine::parse(text)
        .map(Arc::new)
        .map_err(|diagnostics| diagnostics.to_string())
}

/// Checks a definition for a state machine of this kind.
pub(crate) fn check(text: &str, kind: MachineKind) -> Result<(), String> {
    let machine_type = match kind {
        MachineKind::Standard => MachineType::Standard,
        MachineKind::Express => MachineType::Express,
    };
    let options = ParseOptions {
        machine_type,
        ..ParseOptions::default()
    };
    StateMachine::parse_with(text, options)
        .map(|_| ())
        .map_err(|diagnostics| diagnostics.to_string())
}
