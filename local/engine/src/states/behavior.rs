//! The trait of all state types.

use std::sync::Arc;

use serde_json::Value;

use crate::InvariantViolation;
use crate::decision::{Decision, Failure, Step};
use crate::execution_state::ThreadId;

/// The behavior of one type of state.
///
/// Each type does something when it is entered; the rest belongs to some of them, and is a bug for the others.
pub(crate) trait StateBehavior {
    /// Does what the state does when it is entered, and when it is tried again.
    fn start(&self, decision: &mut Decision<'_>, thread: ThreadId) -> Step;

    /// Goes on after the time that the state has waited for.
    fn wait_over(&self, decision: &mut Decision<'_>, thread: ThreadId) -> Step {
        wrong_type(decision, thread, "wait")
    }

    /// Goes on with the answer of the state's call.
    fn call_succeeded(&self, decision: &mut Decision<'_>, thread: ThreadId, output: &Arc<Value>) -> Step {
        let _ = output;
        wrong_type(decision, thread, "call")
    }

    /// Goes on after the good end of `branch`, which the state of `thread` has started.
    fn branch_succeeded(
        &self,
        decision: &mut Decision<'_>,
        thread: ThreadId,
        branch: ThreadId,
        output: Arc<Value>,
    ) -> Step {
        let _ = (branch, output);
        wrong_type(decision, thread, "have branches")
    }

    /// Goes on after the failure of `branch`, which the state of `thread` has started.
    fn branch_failed(&self, decision: &mut Decision<'_>, thread: ThreadId, branch: ThreadId, failure: Failure) -> Step {
        let _ = (branch, failure);
        wrong_type(decision, thread, "have branches")
    }
}

/// The bug that a state is asked for what its type does not do.
fn wrong_type(decision: &Decision<'_>, thread: ThreadId, action: &'static str) -> Step {
    let state = decision.state_of(thread)?;
    Err(InvariantViolation::WrongStateType {
        thread: thread.0,
        state: state.name.to_string(),
        action,
    }
    .into())
}
