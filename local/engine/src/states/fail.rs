//! Fail: ends its flow with an error.

use sluice_asl::definition::{Dynamic, Fail};
use sluice_asl::eval::EvalError;

use super::behavior::StateBehavior;
use crate::decision::{Data, Decision, Failure, Step, View, Work, dynamic_reads_context};
use crate::execution_state::ThreadId;

impl StateBehavior for Fail {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        match failure(d, &view, self) {
            Ok(failure) => {
                d.next(Work::Fail(thread, failure));
                Ok(())
            }
            Err(error) => d.fail_evaluation(thread, error),
        }
    }
}

fn failure(d: &Decision<'_>, view: &View, fail: &Fail) -> Result<Failure, EvalError> {
    let text = |dynamic: &Option<Dynamic<String>>| match dynamic {
        None => Ok(None),
        Some(dynamic) => d
            .evaluate(
                view,
                Data::input(&view.input),
                dynamic_reads_context(dynamic),
                |scope| dynamic.evaluate(scope),
            )
            .map(Some),
    };
    Ok(Failure {
        error: text(&fail.error)?,
        cause: text(&fail.cause)?,
    })
}
