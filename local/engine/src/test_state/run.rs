//! The run of a test, from its start to its report.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Name, Retrier};
use sluice_asl::eval::{Entropy, EvalError};
use sluice_asl::{StateKind, serialized_len};

use super::data::{Ending, transition_of};
use super::report::{ErrorHandler, Inspection, TestReport, TestStatus};
use super::start::Started;
use super::subject::{StateTest, SuspendedTest};
use crate::decision::{Failure, ResultFlow, delay_ms, handlers};
use crate::limits::{MAX_PAYLOAD, exceeds_limits};
use crate::{ScheduledTask, Timestamp, states};

/// The point that a state reaches by itself.
#[derive(Debug)]
pub enum TestProgress {
    /// It has ended.
    Ended(Box<TestReport>),
    /// It waits: [`SuspendedTest::waited`] when that time has come.
    Waits(Timestamp, Box<SuspendedTest>),
    /// It calls: [`SuspendedTest::succeed`] or [`SuspendedTest::fail`] with what comes back.
    Calls(Box<ScheduledTask>, Box<SuspendedTest>),
    /// It runs branches or iterations: [`SuspendedTest::gather`] or [`SuspendedTest::fail`] with what they end in.
    Gathers(Box<SuspendedTest>),
}

impl StateTest {
    /// Does what the state does at once.
    pub fn start(self) -> TestProgress {
        let inspection = Inspection {
            input: Some(self.input.clone()),
            variables: self.variables.clone(),
            ..Inspection::default()
        };
        let entropy = Entropy::new(self.seed);
        let mut test = Box::new(SuspendedTest {
            test: self,
            entropy,
            inspection,
            iterations: None,
        });
        match test.start_state() {
            Ok(Started::Ended(ending)) => TestProgress::Ended(Box::new(test.end(ending))),
            Ok(Started::Failed(failure)) => TestProgress::Ended(Box::new(test.unhandled(failure))),
            Ok(Started::Waits(until)) => TestProgress::Waits(until, test),
            Ok(Started::Calls(task)) => TestProgress::Calls(task, test),
            Ok(Started::Gathers) => TestProgress::Gathers(test),
            Err(error) => TestProgress::Ended(Box::new(test.refuse(error))),
        }
    }
}

impl SuspendedTest {
    /// The iterations of a Map: its items, or batches of them. `None` for other states, and for a Map whose items an
    /// ItemReader would read.
    pub fn iterations(&self) -> Option<usize> {
        self.iterations
    }

    /// The time that a Wait waits for has come.
    pub fn waited(self) -> TestReport {
        let state = self.test.state.clone();
        let StateKind::Wait(wait) = &state.kind else {
            return self.unhandled(Failure::default());
        };
        match self.pass_on(state.output.as_ref(), state.assign.as_ref(), &wait.transition) {
            Ok(ending) => self.end(ending),
            Err(error) => self.refuse(error),
        }
    }

    /// The call of a Task was answered.
    pub fn succeed(mut self, result: Value) -> TestReport {
        let state = self.test.state.clone();
        let StateKind::Task(task) = &state.kind else {
            return self.unhandled(Failure::default());
        };
        if serialized_len(&result) > MAX_PAYLOAD {
            return self.handle(Failure::data_limit(states::task::name_in_cause(&task.resource)));
        }
        let result = Arc::new(result);
        self.inspection.result = Some(result.clone());
        let flow = ResultFlow {
            selector: task.result_selector.as_ref(),
            path: &task.result_path,
        };
        self.complete(result, flow, transition_of(&task.transition))
    }

    /// The branches of a Parallel or the iterations of a Map have ended with `result`, of which `failed` iterations not
    /// well. A Map that states what it tolerates fails if that is more; one that states nothing leaves it to `result`.
    pub fn gather(self, result: Value, failed: u64) -> TestReport {
        let state = self.test.state.clone();
        let (flow, transition) = match &state.kind {
            StateKind::Parallel(parallel) => (
                ResultFlow {
                    selector: parallel.result_selector.as_ref(),
                    path: &parallel.result_path,
                },
                &parallel.transition,
            ),
            StateKind::Map(map) => {
                if self.exceeds_tolerance(failed) {
                    return self.handle(states::map::threshold_exceeded());
                }
                (
                    ResultFlow {
                        selector: map.result_selector.as_ref(),
                        path: &map.result_path,
                    },
                    &map.transition,
                )
            }
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_) => return self.unhandled(Failure::default()),
        };
        self.complete(Arc::new(result), flow, transition_of(transition))
    }

    /// Ends the state's call, branches or iterations with a failure.
    pub fn fail(self, error: Option<String>, cause: Option<String>) -> TestReport {
        self.handle(Failure { error, cause })
    }

    fn complete(mut self, result: Arc<Value>, flow: ResultFlow<'_>, next: Option<Name>) -> TestReport {
        match self.shape_result(result, flow, next) {
            Ok(ending) => self.end(ending),
            Err(error) => self.refuse(error),
        }
    }

    fn end(mut self, ending: Ending) -> TestReport {
        let unchanged = Arc::ptr_eq(&ending.output, &self.test.input);
        if !unchanged && exceeds_limits(&ending.output) {
            let failure = Failure::data_limit(&self.test.state.name);
            return self.handle(failure);
        }
        self.inspection.variables.extend(ending.assigned);
        TestReport {
            status: TestStatus::Succeeded {
                output: ending.output,
                next: ending.next,
            },
            inspection: self.inspection,
        }
    }

    /// An expression failed. AWS's causes name no state or event here, as those of an execution do.
    fn refuse(self, error: EvalError) -> TestReport {
        self.handle(Failure::new(error.name.as_str(), error.cause))
    }

    fn unhandled(self, failure: Failure) -> TestReport {
        TestReport {
            status: TestStatus::Failed(failure.details()),
            inspection: self.inspection,
        }
    }

    /// The state failed: what do its retriers and catchers say?
    fn handle(mut self, failure: Failure) -> TestReport {
        let state = self.test.state.clone();
        let (retry, catch) = handlers(&state);
        let retrier = retry
            .iter()
            .enumerate()
            .find(|(_, retrier)| failure.is_matched_by(&retrier.error_equals));
        if let Some((index, retrier)) = retrier
            && self.test.retries < retrier.max_attempts
        {
            self.inspection.error_handler = Some(ErrorHandler::Retry {
                index,
                backoff_seconds: backoff_seconds(retrier, self.test.retries),
            });
            return TestReport {
                status: TestStatus::Retriable(failure.details()),
                inspection: self.inspection,
            };
        }
        let catcher = catch
            .iter()
            .enumerate()
            .find(|(_, catcher)| failure.is_matched_by(&catcher.error_equals));
        let Some((index, catcher)) = catcher else {
            return self.unhandled(failure);
        };
        match self.caught(catcher, &failure) {
            Ok((output, _)) if exceeds_limits(&output) => {
                let failure = Failure::data_limit(&state.name);
                self.unhandled(failure)
            }
            Ok((output, assigned)) => {
                self.inspection.error_handler = Some(ErrorHandler::Catch { index });
                self.inspection.variables.extend(assigned);
                TestReport {
                    status: TestStatus::Caught {
                        error: failure.details(),
                        output,
                        next: catcher.next.clone(),
                    },
                    inspection: self.inspection,
                }
            }
            // nothing catches what goes wrong in a catcher
            Err(error) => self.unhandled(Failure::new(error.name.as_str(), error.cause)),
        }
    }
}

/// The whole delay of a retry; what jitter would take from it is not foreseen.
fn backoff_seconds(retrier: &Retrier, used: u64) -> u64 {
    let millis = delay_ms(retrier, used, || 1.0);
    u64::try_from(millis / 1000).unwrap_or(0)
}
