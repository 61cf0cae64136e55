//! Pass: hands its input, its `Result` or its `Parameters` on.

use std::sync::Arc;

use sluice_asl::definition::Pass;

use super::behavior::StateBehavior;
use crate::decision::{Data, Decision, ResultFlow, Step};
use crate::execution_state::ThreadId;

impl StateBehavior for Pass {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        if view.is_jsonata() {
            return d.exit_without_result(thread, &view, &self.transition);
        }
        let result = match (&self.result, &self.parameters) {
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
                    path: &self.result_path,
                };
                d.complete(thread, result, flow, &self.transition)
            }
            Err(error) => d.fail_evaluation(thread, error),
        }
    }
}
