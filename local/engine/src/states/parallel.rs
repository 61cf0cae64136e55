//! Parallel: all branches at once; the first that fails ends the others.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Parallel;
use sluice_asl::eval::EvalError;

use super::behavior::StateBehavior;
use crate::change::branch::{BranchFailed, BranchStarted, BranchSucceeded};
use crate::change::fan_out::{FanOutStarted, FanOutSucceeded};
use crate::decision::{Data, Decision, Failure, ResultFlow, Step, View, Work};
use crate::execution_state::{FanOut, ThreadId};

impl StateBehavior for Parallel {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        let input = match branch_input(d, &view, self) {
            Ok(input) => input,
            Err(error) => return d.fail_evaluation(thread, error),
        };
        let fan_out = FanOut {
            results: vec![None; self.branches.len()],
            open: 0,
            iterations: None,
        };
        d.emit(FanOutStarted {
            thread,
            fan_out: Box::new(fan_out),
        })?;
        for (index, flow) in self.branches.iter().enumerate() {
            let branch = ThreadId(d.execution().next_thread);
            d.emit(BranchStarted {
                parent: thread,
                branch,
                index,
                flow: flow.clone(),
                input: input.clone(),
            })?;
            d.later(Work::Enter(branch));
        }
        if self.branches.is_empty() {
            finish(d, thread, self)
        } else {
            Ok(())
        }
    }

    fn branch_succeeded(&self, d: &mut Decision<'_>, thread: ThreadId, branch: ThreadId, output: Arc<Value>) -> Step {
        d.emit(BranchSucceeded { thread: branch, output })?;
        if d.execution().fan_out(thread)?.open == 0 {
            finish(d, thread, self)
        } else {
            Ok(())
        }
    }

    fn branch_failed(&self, d: &mut Decision<'_>, thread: ThreadId, branch: ThreadId, failure: Failure) -> Step {
        d.emit(BranchFailed { thread: branch })?;
        d.abort_branches(thread)?;
        d.fail_state(thread, failure)
    }
}

/// The input of all branches.
fn branch_input(d: &Decision<'_>, view: &View, parallel: &Parallel) -> Result<Arc<Value>, EvalError> {
    let input = d.state_input(view)?;
    match &parallel.arguments {
        Some(template) => d.template(view, template, Data::input(&input)).map(Arc::new),
        None => Ok(input),
    }
}

fn finish(d: &mut Decision<'_>, thread: ThreadId, parallel: &Parallel) -> Step {
    let result = d.execution().fan_out(thread)?.result();
    d.emit(FanOutSucceeded {
        thread,
        unlinked: false,
    })?;
    let flow = ResultFlow {
        selector: parallel.result_selector.as_ref(),
        path: &parallel.result_path,
    };
    d.complete(thread, Arc::new(result), flow, &parallel.transition)
}
