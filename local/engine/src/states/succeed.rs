//! Succeed: ends its flow well.

use sluice_asl::Transition;
use sluice_asl::definition::Succeed;

use super::behavior::StateBehavior;
use crate::decision::{Decision, Step};
use crate::execution_state::ThreadId;

impl StateBehavior for Succeed {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        d.exit_without_result(thread, &view, &Transition::End)
    }
}
