//! The sources of the pages: the parts of the runtime, and what the console keeps for itself.

use std::ops::Deref;
use std::sync::Arc;

use crate::forms::FormToken;
use crate::state::ConsoleState;
use crate::submissions::Submissions;

/// The parts of the runtime, and what the console keeps for itself. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Console {
    state: Arc<ConsoleState>,
    /// The submissions, where a template says what they are.
    pub(crate) submissions: Option<Submissions>,
    /// The token that every form of this start carries.
    pub(crate) form_token: FormToken,
}

impl Console {
    pub(crate) fn new(state: ConsoleState) -> Self {
        let spec = state.notes.submissions.clone();
        Self {
            submissions: spec.map(|spec| Submissions::new(spec, state.driver.clone(), Arc::clone(&state.clock))),
            form_token: FormToken::new(state.form_secret),
            state: Arc::new(state),
        }
    }
}

impl Deref for Console {
    type Target = ConsoleState;

    fn deref(&self) -> &ConsoleState {
        &self.state
    }
}
