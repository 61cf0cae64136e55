//! Succeed: ends its flow well.

use sluice_asl::Transition;

use crate::decide::{Decision, Step};
use crate::life::ThreadId;

pub(crate) fn begin(d: &mut Decision<'_>, thread: ThreadId) -> Step {
    let Some(view) = d.view(thread) else { return Ok(()) };
    match d.pass_through(&view, view.state.output.as_ref(), view.state.assign.as_ref()) {
        Ok((output, assigned)) => d.exit(thread, output, assigned, &Transition::End),
        Err(error) => d.fail_evaluation(thread, error),
    }
}
