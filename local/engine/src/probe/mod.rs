//! One state by itself: what TestState runs.
//!
//! A [`Probe`] knows all that the state may read. [`Probe::begin`] does what the state does at once, and says what it
//! then needs from outside: a time to pass, a call's result, the result of its branches. Given that, its [`Trial`]
//! answers a [`Report`]: how the state ends, and every step its data took. Evaluation, retriers and catchers are those
//! of an execution; there is no history, and no retry is carried out.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>

mod begin;
mod data;
mod map;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Name, Retrier};
use sluice_asl::eval::{CostlyEvaluation, Entropy, EvalError, Evaluations, StopSignal};
use sluice_asl::{State, StateKind, Variables, serialized_len};

use crate::decide::{Failure, MAX_PAYLOAD, ResultFlow, delay_ms, exceeds_limits, handlers};
use crate::{Evaluator, ScheduledTask, Timestamp, state};
use begin::Begun;
use data::{Ending, transition_of};

/// A state and everything that it may read.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The state.
    pub state: Arc<State>,
    /// Its raw input.
    pub input: Arc<Value>,
    /// The context object.
    pub context: Value,
    /// The variables that earlier states assigned.
    pub variables: Variables,
    /// The time, for `$now()` and the ends of waits.
    pub at: Timestamp,
    /// What random functions draw from.
    pub seed: [u64; 2],
    /// How many retries of the retrier that matches a failure have been used up.
    pub retries: u64,
    /// What a Map's ItemReader has read.
    pub read_items: Option<Vec<Value>>,
    /// Ends its evaluations when they take too long; what came of them is then of no use.
    pub stop: StopSignal,
    /// Who makes its costly evaluations.
    pub evaluator: ProbeEvaluator,
}

/// Who makes the costly evaluations of a probe; by default they are made as the cheap ones.
#[derive(Clone, Default)]
pub struct ProbeEvaluator(pub Option<Arc<dyn Evaluator + Send + Sync>>);

impl fmt::Debug for ProbeEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProbeEvaluator")
    }
}

impl Evaluations for ProbeEvaluator {
    fn known(&self, _field: &str) -> Option<Result<Value, EvalError>> {
        None
    }

    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        match &self.0 {
            Some(evaluator) => evaluator.evaluate(evaluation),
            None => evaluation.evaluate_here(),
        }
    }
}

/// How far a state came by itself.
#[derive(Debug)]
pub enum Progress {
    /// It has ended.
    Ended(Box<Report>),
    /// It waits: [`Trial::waited`] when that time has come.
    Waits(Timestamp, Box<Trial>),
    /// It calls: [`Trial::succeed`] or [`Trial::fail`] with what comes back.
    Calls(Box<ScheduledTask>, Box<Trial>),
    /// It runs branches or iterations: [`Trial::gather`] or [`Trial::fail`] with what they end in.
    Gathers(Box<Trial>),
}

/// A state that needs something from outside to go on.
#[derive(Debug, Clone)]
pub struct Trial {
    probe: Probe,
    entropy: Entropy,
    inspection: Inspection,
    iterations: Option<usize>,
}

impl Trial {
    /// The same trial whose evaluations are stopped and made by others.
    pub fn with(mut self, stop: StopSignal, evaluator: ProbeEvaluator) -> Self {
        self.probe.stop = stop;
        self.probe.evaluator = evaluator;
        self
    }
}

/// How a state ended, and what it did to its data.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it ended.
    pub verdict: Verdict,
    /// What happened on the way.
    pub inspection: Inspection,
}

/// How a state ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Well.
    Succeeded {
        /// Its output.
        output: Arc<Value>,
        /// The state that follows, if one does.
        next: Option<Name>,
    },
    /// With an error that nothing handles.
    Failed(Fault),
    /// With an error that the state would be tried again for.
    Retriable(Fault),
    /// With an error that a catcher takes.
    Caught {
        /// The error.
        fault: Fault,
        /// What the catcher makes of it.
        output: Arc<Value>,
        /// Where the catcher leads.
        next: Name,
    },
}

/// An error and its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The error's name.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

/// What handles an error: the place in `Retry` or `Catch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handler {
    /// A retrier.
    Retry {
        /// Its place.
        index: usize,
        /// The seconds until the retry, without jitter.
        backoff_seconds: u64,
    },
    /// A catcher.
    Catch {
        /// Its place.
        index: usize,
    },
}

/// The steps of a state's data; a step that the state does not take is absent. The names are those of `inspectionData`.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)] // the names are AWS's
pub struct Inspection {
    pub input: Option<Arc<Value>>,
    pub after_input_path: Option<Arc<Value>>,
    pub after_parameters: Option<Arc<Value>>,
    pub after_arguments: Option<Arc<Value>>,
    pub after_items_path: Option<Arc<Value>>,
    pub after_item_selector: Option<Arc<Value>>,
    pub after_item_batcher: Option<Arc<Value>>,
    pub max_concurrency: Option<u64>,
    pub tolerated_failure_count: Option<u64>,
    pub tolerated_failure_percentage: Option<f64>,
    pub result: Option<Arc<Value>>,
    pub after_result_selector: Option<Arc<Value>>,
    pub after_result_path: Option<Arc<Value>>,
    /// After the state: those it was given, and those it assigned.
    pub variables: Variables,
    pub handler: Option<Handler>,
}

impl Probe {
    /// Does what the state does at once.
    pub fn begin(self) -> Progress {
        let inspection = Inspection {
            input: Some(self.input.clone()),
            variables: self.variables.clone(),
            ..Inspection::default()
        };
        let entropy = Entropy::new(self.seed);
        let mut trial = Box::new(Trial {
            probe: self,
            entropy,
            inspection,
            iterations: None,
        });
        match trial.start() {
            Ok(Begun::Ended(ending)) => Progress::Ended(Box::new(trial.end(ending))),
            Ok(Begun::Failed(failure)) => Progress::Ended(Box::new(trial.unhandled(failure))),
            Ok(Begun::Waits(until)) => Progress::Waits(until, trial),
            Ok(Begun::Calls(task)) => Progress::Calls(task, trial),
            Ok(Begun::Gathers) => Progress::Gathers(trial),
            Err(error) => Progress::Ended(Box::new(trial.refuse(error))),
        }
    }
}

impl Trial {
    /// The iterations of a Map: its items, or batches of them. `None` for other states, and for a Map whose items an
    /// ItemReader would read.
    pub fn iterations(&self) -> Option<usize> {
        self.iterations
    }

    /// The time that a Wait waits for has come.
    pub fn waited(self) -> Report {
        let state = self.probe.state.clone();
        let StateKind::Wait(wait) = &state.kind else {
            return self.unhandled(Failure::default());
        };
        match self.pass_on(state.output.as_ref(), state.assign.as_ref(), &wait.transition) {
            Ok(ending) => self.end(ending),
            Err(error) => self.refuse(error),
        }
    }

    /// The call of a Task was answered.
    pub fn succeed(mut self, result: Value) -> Report {
        let state = self.probe.state.clone();
        let StateKind::Task(task) = &state.kind else {
            return self.unhandled(Failure::default());
        };
        if serialized_len(&result) > MAX_PAYLOAD {
            return self.handle(Failure::data_limit(state::task::called(&task.resource)));
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
    pub fn gather(self, result: Value, failed: u64) -> Report {
        let state = self.probe.state.clone();
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
                    return self.handle(state::map::threshold_exceeded());
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

    /// What the state did outside has failed.
    pub fn fail(self, error: Option<String>, cause: Option<String>) -> Report {
        self.handle(Failure { error, cause })
    }

    fn complete(mut self, result: Arc<Value>, flow: ResultFlow<'_>, next: Option<Name>) -> Report {
        match self.shape_result(result, flow, next) {
            Ok(ending) => self.end(ending),
            Err(error) => self.refuse(error),
        }
    }

    fn end(mut self, ending: Ending) -> Report {
        let unchanged = Arc::ptr_eq(&ending.output, &self.probe.input);
        if !unchanged && exceeds_limits(&ending.output) {
            let failure = Failure::data_limit(&self.probe.state.name);
            return self.handle(failure);
        }
        self.inspection.variables.extend(ending.assigned);
        Report {
            verdict: Verdict::Succeeded {
                output: ending.output,
                next: ending.next,
            },
            inspection: self.inspection,
        }
    }

    /// An expression failed. AWS's causes name no state or event here, as those of an execution do.
    fn refuse(self, error: EvalError) -> Report {
        self.handle(Failure::new(error.name.as_str(), error.cause))
    }

    fn unhandled(self, failure: Failure) -> Report {
        Report {
            verdict: Verdict::Failed(failure.into()),
            inspection: self.inspection,
        }
    }

    /// The state failed: what do its retriers and catchers say?
    fn handle(mut self, failure: Failure) -> Report {
        let state = self.probe.state.clone();
        let (retry, catch) = handlers(&state);
        let retrier = retry
            .iter()
            .enumerate()
            .find(|(_, retrier)| failure.is_matched_by(&retrier.error_equals));
        if let Some((index, retrier)) = retrier
            && self.probe.retries < retrier.max_attempts
        {
            self.inspection.handler = Some(Handler::Retry {
                index,
                backoff_seconds: backoff_seconds(retrier, self.probe.retries),
            });
            return Report {
                verdict: Verdict::Retriable(failure.into()),
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
                self.inspection.handler = Some(Handler::Catch { index });
                self.inspection.variables.extend(assigned);
                Report {
                    verdict: Verdict::Caught {
                        fault: failure.into(),
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

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self {
            error: failure.error,
            cause: failure.cause,
        }
    }
}
