//! Pass: hands its input, its `Result` or its `Parameters` on.

use std::sync::Arc;

use sluice_asl::definition::Pass;

use crate::decide::{Data, Decision, ResultFlow, Step};
use crate::life::ThreadId;

pub(crate) fn begin(d: &mut Decision<'_>, thread: ThreadId, pass: &Pass) -> Step {
    let Some(view) = d.view(thread) else { return Ok(()) };
    if view.is_jsonata() {
        return match d.pass_through(&view, view.state.output.as_ref(), view.state.assign.as_ref()) {
            Ok((output, assigned)) => d.exit(thread, output, assigned, &pass.transition),
            Err(error) => d.fail_evaluation(thread, error),
        };
    }
    let result = match (&pass.result, &pass.parameters) {
        (Some(result), _) => Ok(Arc::new(result.clone())),
        (None, Some(parameters)) => d
            .effective_input(&view)
            .and_then(|input| d.template(&view, parameters, Data::input(&input)))
            .map(Arc::new),
        (None, None) => d.effective_input(&view),
    };
    match result {
        Ok(result) => {
            let flow = ResultFlow {
                selector: None,
                path: &pass.result_path,
            };
            d.complete(thread, result, flow, &pass.transition)
        }
        Err(error) => d.fail_evaluation(thread, error),
    }
}
