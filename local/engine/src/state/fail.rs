//! Fail: ends its flow with an error.

use sluice_asl::definition::{Dynamic, Fail};
use sluice_asl::eval::EvalError;

use crate::decide::{Data, Decision, Failure, Step, View, Work, dynamic_reads_context};
use crate::life::ThreadId;

pub(crate) fn begin(d: &mut Decision<'_>, thread: ThreadId, fail: &Fail) -> Step {
    let Some(view) = d.view(thread) else { return Ok(()) };
    match failure(d, &view, fail) {
        Ok(failure) => {
            d.next(Work::Fail(thread, failure));
            Ok(())
        }
        Err(error) => d.fail_evaluation(thread, error),
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
