//! The consequences of facts.
//!
//! | fact | from | to |
//! |---|---|---|
//! | Started | new | the first state is entered |
//! | TaskSubmitted | call scheduled | parked on token or job |
//! | ActivityStarted | activity's task scheduled | with a worker |
//! | Heartbeat | call open | its heartbeat deadline moves |
//! | TimeoutsRestarted | running | the deadlines of the calls in flight move |
//! | TaskSucceeded | call open | state left, or failed if its output is wrong |
//! | TaskFailed | call open | retry scheduled, caught, or failed |
//! | DeadlinePassed | wait, retry, timeout due | state left, tried again, timed out |
//! | Stopped | running | aborted |
//! | ChildStopped | child execution at work | aborted; its Map goes on |
//! | MapRunUpdated | Map Run at work | other limits |
//! | BrokeDown | as the fact in it | failed |
//! | Evaluated | as the fact in it | as by the fact in it |
//! | Redriven | failed, timed out, aborted | its unsuccessful states start again |

mod calls;
mod check;
mod deadlines;
mod lifecycle;
mod run;

use std::sync::Arc;

pub(crate) use check::check;

use crate::change::call::CallSubmitted;
use crate::change::execution::ActivitiesMissing;
use crate::decision::{Decision, Failure};
use crate::execution_state::ThreadId;
use crate::states::map;
use crate::{Fact, InvariantViolation, Outcome};

/// Decides a fact that [`check`] has let through.
pub(crate) fn decide(d: &mut Decision<'_>, fact: &Fact) -> Result<(), InvariantViolation> {
    let step = match fact {
        Fact::Started { input } => return lifecycle::start(d, input),
        Fact::Redriven => return lifecycle::redrive(d),
        Fact::DeadlinePassed => return deadlines::passed(d),
        Fact::BrokeDown { fact, breakdown } => return lifecycle::break_down(d, fact, *breakdown),
        Fact::Evaluated { fact, .. } => return decide(d, fact),
        Fact::Stopped { error, cause } => {
            let outcome = Outcome::Aborted {
                error: error.clone(),
                cause: cause.clone(),
            };
            return d.finish(outcome, d.at);
        }
        Fact::ActivitiesMissing { arns } => {
            let arns = Arc::new(arns.clone());
            return d.apply(ActivitiesMissing { arns });
        }
        Fact::TaskSucceeded { attempt, output } => {
            let thread = calls::waiting(d, *attempt)?;
            calls::succeed(d, thread, output)
        }
        Fact::TaskFailed { attempt, error, cause } => {
            let failure = Failure {
                error: error.clone(),
                cause: cause.clone(),
            };
            let thread = calls::waiting(d, *attempt)?;
            calls::fail(d, thread, failure)
        }
        Fact::TaskSubmitted { attempt, output } => {
            let thread = calls::waiting(d, *attempt)?;
            let output = output.clone();
            d.emit(CallSubmitted { thread, output })
        }
        Fact::ActivityStarted { attempt, worker } => {
            let thread = calls::waiting(d, *attempt)?;
            calls::start_worker(d, thread, worker.clone())
        }
        Fact::Heartbeat { attempt } => {
            let thread = calls::waiting(d, *attempt)?;
            calls::heartbeat(d, thread)
        }
        Fact::TimeoutsRestarted => calls::restart_timeouts(d),
        Fact::ChildStopped { child, error, cause } => {
            let outcome = Outcome::Aborted {
                error: error.clone(),
                cause: cause.clone(),
            };
            map::end_child(d, ThreadId(*child), outcome)
        }
        Fact::MapRunUpdated { arn, update } => {
            let run = check::map_run(d.execution(), arn);
            let thread = run.ok_or_else(|| InvariantViolation::MapRunNotAtWork(arn.to_string()))?;
            map::update(d, thread, update)
        }
    };
    run::run(d, step)
}
