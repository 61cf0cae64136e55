//! Starts, redrives and breakdowns of an execution.

use std::sync::Arc;

use serde_json::Value;

use super::run::run;
use crate::change::execution::{ExecutionRedriven, ExecutionStarted};
use crate::decision::{Decision, Failure, Work};
use crate::execution_state::ROOT;
use crate::limits::{EXPRESS_SECONDS, STANDARD_SECONDS, after};
use crate::states::map;
use crate::{Breakdown, Fact, InvariantViolation, Timestamp};

/// Starts the execution, and does all that follows without a call.
pub(super) fn start(d: &mut Decision<'_>, input: &Arc<Value>) -> Result<(), InvariantViolation> {
    record_start(d, input)?;
    d.later(Work::Enter(ROOT));
    run(d, Ok(()))
}

fn record_start(d: &mut Decision<'_>, input: &Arc<Value>) -> Result<(), InvariantViolation> {
    d.apply(ExecutionStarted {
        input: input.clone(),
        times_out_at: times_out_at(d),
        start_at: d.machine.flow.start_at.clone(),
    })
}

/// The time limit of an execution that starts, or starts again, now.
fn times_out_at(d: &Decision<'_>) -> Timestamp {
    let longest = if d.identity.express {
        EXPRESS_SECONDS
    } else {
        STANDARD_SECONDS
    };
    let seconds = d
        .machine
        .timeout_seconds
        .map_or(longest, |seconds| seconds.min(longest));
    after(d.at, seconds)
}

/// Lets an unsuccessful execution go on where it was unsuccessful.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
pub(super) fn redrive(d: &mut Decision<'_>) -> Result<(), InvariantViolation> {
    let times_out_at = times_out_at(d);
    d.apply(ExecutionRedriven { times_out_at })?;
    map::resume(d, ROOT)?;
    run(d, Ok(()))
}

/// Fails the execution in the place of what the fact would have led to.
pub(super) fn break_down(d: &mut Decision<'_>, fact: &Fact, breakdown: Breakdown) -> Result<(), InvariantViolation> {
    match fact {
        Fact::Started { input } => record_start(d, input)?,
        Fact::Redriven => {
            let times_out_at = times_out_at(d);
            d.apply(ExecutionRedriven { times_out_at })?;
        }
        _ => {}
    }
    d.finish(Failure::broke_down(breakdown).into_outcome(), d.at)
}
