//! The handling of failures: retried, caught, or handed to the thread's parent.

use std::sync::Arc;

use sluice_asl::StateKind;
use sluice_asl::definition::Catcher;
use sluice_asl::eval::{ErrorName, EvalError};

use super::failure::{Failure, delay_ms, handlers};
use super::view::{Assigned, Data, View};
use super::work::{Decision, Step, Work};
use crate::change::fan_out::FanOutFailed;
use crate::change::state::{EvaluationFailed, RetryScheduled, StateExited};
use crate::execution_state::{StateInstance, ThreadId};
use crate::limits::exceeds_limits;

/// The cause of a failed evaluation, with the state's name and place in the history.
fn cause_in(instance: &StateInstance, error: &EvalError) -> String {
    format!(
        "An error occurred while executing the state '{}' (entered at the event id #{}). {}",
        instance.state.name, instance.entered, error.cause
    )
}

impl Decision<'_> {
    /// Fails the thread's state over one of its expressions.
    pub(crate) fn fail_evaluation(&mut self, thread: ThreadId, error: EvalError) -> Step {
        let instance = self.execution().instance(thread)?;
        let cause = cause_in(instance, &error);
        if error.name == ErrorName::QueryEvaluation {
            let at_entry = self.execution().thread(thread)?.last == instance.entered;
            let early = at_entry && !matches!(instance.state.kind, StateKind::Wait(_) | StateKind::Task(_));
            self.emit(EvaluationFailed {
                thread,
                early,
                error: error.name.as_str(),
                cause: cause.clone(),
                location: error.location,
            })?;
        }
        self.fail_state(thread, Failure::new(error.name.as_str(), cause))
    }

    /// Fails the thread's state: it is retried, caught, or fails its thread.
    pub(crate) fn fail_state(&mut self, thread: ThreadId, failure: Failure) -> Step {
        let state = self.state_of(thread)?;
        let (retry, catch) = handlers(&state);
        if let Some((index, retrier)) = retry
            .iter()
            .enumerate()
            .find(|(_, r)| failure.is_matched_by(&r.error_equals))
        {
            let tries = &self.execution().instance(thread)?.tries;
            let used = tries.get(index).copied().unwrap_or(0);
            if used < retrier.max_attempts {
                let at = self.at.saturating_add(delay_ms(retrier, used, || self.entropy.unit()));
                self.clear_fan_out(thread)?;
                return self.emit(RetryScheduled {
                    thread,
                    retrier: index,
                    at,
                });
            }
        }
        let has_branches = matches!(state.kind, StateKind::Parallel(_) | StateKind::Map(_));
        // what fails a Parallel or Map before its branches is no failure of theirs
        if has_branches && (!failure.is_runtime() || self.execution().has_stopped_branch(thread)) {
            self.emit(FanOutFailed { thread })?;
        }
        match catch
            .iter()
            .find(|catcher| failure.is_matched_by(&catcher.error_equals))
        {
            Some(catcher) => self.catch(thread, catcher, &failure),
            None => {
                self.next(Work::Fail(thread, failure));
                Ok(())
            }
        }
    }

    fn catch(&mut self, thread: ThreadId, catcher: &Catcher, failure: &Failure) -> Step {
        self.clear_fan_out(thread)?;
        let view = self.view(thread)?;
        match self.caught(&view, catcher, failure) {
            Ok((output, _)) if exceeds_limits(&output) => {
                let failure = Failure::data_limit(&view.state.name);
                self.next(Work::Fail(thread, failure));
                Ok(())
            }
            Ok((output, assigned)) => {
                self.emit(StateExited {
                    thread,
                    output,
                    assigned,
                    next: Some(catcher.next.clone()),
                })?;
                self.later(Work::Enter(thread));
                Ok(())
            }
            Err(error) => self.fail_uncaught(thread, error),
        }
    }

    /// The output and the variables that a catcher makes of a failure.
    fn caught(&self, view: &View, catcher: &Catcher, failure: &Failure) -> Result<Assigned, EvalError> {
        let error_output = failure.output();
        let data = if view.is_jsonata() {
            Data::input(&view.input).with_error(&error_output)
        } else {
            Data::input(&error_output).with_error(&error_output)
        };
        let output = match &catcher.output {
            Some(template) => self.template(view, template, data)?,
            None if view.is_jsonata() => error_output.clone(),
            None => catcher.result_path.write(&view.input, error_output.clone())?,
        };
        let assigned = self.assigned(view, catcher.assign.as_ref(), data)?;
        Ok((Arc::new(output), assigned))
    }

    /// Fails the thread over a catcher's own expression; nothing catches that.
    fn fail_uncaught(&mut self, thread: ThreadId, error: EvalError) -> Step {
        let cause = cause_in(self.execution().instance(thread)?, &error);
        if error.name == ErrorName::QueryEvaluation {
            self.emit(EvaluationFailed {
                thread,
                early: false,
                error: error.name.as_str(),
                cause: cause.clone(),
                location: error.location,
            })?;
        }
        self.next(Work::Fail(thread, Failure::new(error.name.as_str(), cause)));
        Ok(())
    }
}
