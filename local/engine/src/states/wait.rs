//! Wait: until a time that is named or a number of seconds away. A time that has passed is no wait.

use sluice_asl::definition::{Wait, WaitFor};
use sluice_asl::eval::EvalError;

use super::behavior::StateBehavior;
use crate::Timestamp;
use crate::change::state::WaitStarted;
use crate::decision::{Data, Decision, Step, View, dynamic_reads_context};
use crate::execution_state::ThreadId;

impl StateBehavior for Wait {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        match until(d, &view, self) {
            Ok(until) if until <= d.at => self.wait_over(d, thread),
            Ok(until) => d.emit(WaitStarted { thread, until }),
            Err(error) => d.fail_evaluation(thread, error),
        }
    }

    fn wait_over(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        d.exit_without_result(thread, &view, &self.transition)
    }
}

fn until(d: &Decision<'_>, view: &View, wait: &Wait) -> Result<Timestamp, EvalError> {
    let input = d.state_input(view)?;
    let reads_context = match &wait.until {
        WaitFor::Seconds(seconds) => dynamic_reads_context(seconds),
        WaitFor::Timestamp(timestamp) => dynamic_reads_context(timestamp),
    };
    d.evaluate(view, Data::input(&input), reads_context, |scope| wait.ends_at(scope))
}
