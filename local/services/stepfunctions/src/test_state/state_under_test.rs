//! The state under test, alone or in its machine.

use std::sync::Arc;

use sluice_asl::{Diagnostics, State, StateMachine};
use sluice_wire::ApiError;

use super::context::STATE_NAME;
use crate::StatesError;

/// # Errors
/// `InvalidDefinition`, or `ValidationException` when the machine has no such state.
pub(super) fn find(definition: &str, name: Option<&str>) -> Result<Arc<State>, StatesError> {
    let refused = |diagnostics: Diagnostics| StatesError::InvalidDefinition(diagnostics.to_string());
    let Some(name) = name else {
        return State::parse(STATE_NAME, definition).map(Arc::new).map_err(refused);
    };
    let machine = StateMachine::parse(definition).map_err(refused)?;
    match machine.find_state(name) {
        Some(state) => Ok(state.clone()),
        None => Err(ApiError::validation("State not found in definition").into()),
    }
}
