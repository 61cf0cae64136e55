//! Wait: until a time that is named or a number of seconds away. A time that has passed is no wait.

use sluice_asl::definition::{Wait, WaitFor};
use sluice_asl::eval::EvalError;

use crate::Timestamp;
use crate::change::Change;
use crate::decide::{Data, Decision, Step, View, dynamic_reads_context};
use crate::life::ThreadId;

pub(crate) fn begin(d: &mut Decision<'_>, thread: ThreadId, wait: &Wait) -> Step {
    let Some(view) = d.view(thread) else { return Ok(()) };
    match until(d, &view, wait) {
        Ok(until) if until <= d.at => finish(d, thread, wait),
        Ok(until) => d.emit(Change::WaitArmed { thread, until }),
        Err(error) => d.fail_evaluation(thread, error),
    }
}

fn until(d: &Decision<'_>, view: &View, wait: &Wait) -> Result<Timestamp, EvalError> {
    let input = if view.is_jsonata() {
        view.input.clone()
    } else {
        d.effective_input(view)?
    };
    let reads_context = match &wait.until {
        WaitFor::Seconds(seconds) => dynamic_reads_context(seconds),
        WaitFor::Timestamp(timestamp) => dynamic_reads_context(timestamp),
    };
    d.evaluate(view, Data::input(&input), reads_context, |scope| wait.ends_at(scope))
}

/// The time has come.
pub(crate) fn finish(d: &mut Decision<'_>, thread: ThreadId, wait: &Wait) -> Step {
    let Some(view) = d.view(thread) else { return Ok(()) };
    match d.pass_through(&view, view.state.output.as_ref(), view.state.assign.as_ref()) {
        Ok((output, assigned)) => d.exit(thread, output, assigned, &wait.transition),
        Err(error) => d.fail_evaluation(thread, error),
    }
}
