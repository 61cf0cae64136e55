//! Parallel: all branches at once; the first that fails ends the others.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Parallel;

use super::{abort_branches, results};
use crate::change::Change;
use crate::decide::{Data, Decision, Failure, ResultFlow, Step, Work};
use crate::life::{Block, FlowRef, Seat, ThreadId};

pub(crate) fn begin(d: &mut Decision<'_>, thread: ThreadId, parallel: &Parallel) -> Step {
    let Some(view) = d.view(thread) else { return Ok(()) };
    let input = if view.is_jsonata() {
        Ok(view.input.clone())
    } else {
        d.effective_input(&view)
    };
    let input = match (&parallel.arguments, input) {
        (Some(template), Ok(input)) => d.template(&view, template, Data::input(&input)).map(Arc::new),
        (_, input) => input,
    };
    let input = match input {
        Ok(input) => input,
        Err(error) => return d.fail_evaluation(thread, error),
    };
    let block = Block {
        results: vec![None; parallel.branches.len()],
        open: 0,
        map: None,
    };
    d.emit(Change::BlockStarted {
        thread,
        block: Box::new(block),
    })?;
    for (index, flow) in parallel.branches.iter().enumerate() {
        let branch = ThreadId(d.life.next_thread);
        let flow = FlowRef::Inner(flow.clone());
        d.emit(Change::BranchOpened {
            parent: thread,
            branch,
            index,
            flow,
            input: input.clone(),
        })?;
        d.later(Work::Enter(branch));
    }
    if parallel.branches.is_empty() {
        finish(d, thread, parallel)
    } else {
        Ok(())
    }
}

pub(crate) fn branch_returned(
    d: &mut Decision<'_>,
    thread: ThreadId,
    seat: Seat,
    parallel: &Parallel,
    output: Arc<Value>,
) -> Step {
    d.emit(Change::BranchSucceeded { thread, output })?;
    let open = d
        .life
        .visit(seat.parent)
        .and_then(|visit| visit.block())
        .map_or(0, |block| block.open);
    if open == 0 {
        finish(d, seat.parent, parallel)
    } else {
        Ok(())
    }
}

pub(crate) fn branch_failed(d: &mut Decision<'_>, thread: ThreadId, seat: Seat, failure: Failure) -> Step {
    d.emit(Change::BranchFailed { thread })?;
    abort_branches(d, seat.parent)?;
    d.fail_state(seat.parent, failure)
}

fn finish(d: &mut Decision<'_>, thread: ThreadId, parallel: &Parallel) -> Step {
    let result = results(d, thread);
    d.emit(Change::BlockSucceeded {
        thread,
        unlinked: false,
    })?;
    let flow = ResultFlow {
        selector: parallel.result_selector.as_ref(),
        path: &parallel.result_path,
    };
    d.complete(thread, Arc::new(result), flow, &parallel.transition)
}
