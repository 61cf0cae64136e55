//! Tasks that a test case answers in place of their calls.

use std::sync::Arc;

use sluice_driver::RunningTask;
use sluice_engine::{AttemptId, Identity};

use crate::call_end::CallEnd;
use crate::mocks::{MockedResult, Mocks};
use crate::{Services, TaskFailure};

/// A call that may be mocked.
pub(crate) struct MockedCall {
    identity: Arc<Identity>,
    state: Arc<str>,
    attempt: AttemptId,
}

impl MockedCall {
    pub(crate) fn of(task: &RunningTask) -> Self {
        Self {
            identity: Arc::clone(&task.identity),
            state: Arc::clone(&task.task.state),
            attempt: task.task.attempt,
        }
    }
}

/// The end of a task that the test case of its execution answers; none when the call is to be made.
pub(crate) async fn answer(services: &Services, mocks: &Mocks, call: &MockedCall) -> Option<CallEnd> {
    let (machine, execution) = (&*call.identity.machine_name, &*call.identity.name);
    let states = &services.stepfunctions;
    let case = match states.test_case(machine, execution).await {
        Ok(case) => case?,
        Err(_) => return Some(CallEnd::Interrupted),
    };
    let state = &*call.state;
    let (name, results) = mocks.of_state(machine, &case, state)?;
    let Ok(number) = states.number_of_call(machine, execution, state, call.attempt).await else {
        // The journal is in trouble: the next start sends the task again.
        return Some(CallEnd::Interrupted);
    };
    Some(match results.get(number) {
        Some(MockedResult::Return(value)) => CallEnd::Succeeded(value.clone()),
        Some(MockedResult::Throw { error, cause }) => CallEnd::Failed(TaskFailure::new(error, cause)),
        // No catcher takes it: the file has to be mended.
        None => CallEnd::Failed(TaskFailure::runtime(format!(
            "The mocked response {name:?} of the test case {case:?} has results for {} calls, and the state '{state}' has made \
             one more.",
            results.len()
        ))),
    })
}
