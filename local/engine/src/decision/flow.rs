//! The way of a thread from state to state, and of data through a state.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::Variables;
use sluice_asl::definition::{Name, ReferencePath, Template, Transition};
use sluice_asl::eval::{ErrorName, EvalError};

use super::failure::Failure;
use super::view::{Assigned, Data, View};
use super::work::{Decision, Step, Work};
use crate::InvariantViolation;
use crate::change::state::{StateEntered, StateExited};
use crate::execution_state::ThreadId;
use crate::limits::{MAX_VARIABLES, exceeds_limits};

/// The fields that a state's type has for its result.
#[derive(Clone, Copy)]
pub(crate) struct ResultFlow<'s> {
    /// `ResultSelector`.
    pub(crate) selector: Option<&'s Template>,
    /// `ResultPath`.
    pub(crate) path: &'s ReferencePath,
}

/// An `Assign` gives more than variables may hold.
pub(crate) fn too_many_variables() -> EvalError {
    EvalError {
        name: ErrorName::DataLimitExceeded,
        cause: "The assigned variables exceed the maximum number of bytes service limit.".to_owned(),
        location: None,
    }
}

impl Decision<'_> {
    /// Enters the thread's pending state.
    pub(crate) fn enter(&mut self, thread: ThreadId) -> Step {
        let control = self.execution().thread(thread)?;
        let Some((name, input)) = control.pending.clone() else {
            return Err(InvariantViolation::NoPendingState(thread.0).into());
        };
        let Some(state) = control.flow.state(self.machine, &name) else {
            // the parser checks every Next; a definition that was changed under a log ends here
            let failure = Failure::runtime(format!("The state machine has no state '{name}'."));
            self.next(Work::Fail(thread, failure));
            return Ok(());
        };
        self.emit(StateEntered { thread, state, input })?;
        self.next(Work::Start(thread));
        Ok(())
    }

    /// Leaves the thread's state.
    pub(crate) fn exit(
        &mut self,
        thread: ThreadId,
        output: Arc<Value>,
        assigned: Option<Arc<Variables>>,
        transition: &Transition,
    ) -> Step {
        let instance = self.execution().instance(thread)?;
        if !Arc::ptr_eq(&output, &instance.input) && exceeds_limits(&output) {
            let failure = Failure::data_limit(&instance.state.name);
            return self.fail_state(thread, failure);
        }
        match transition {
            Transition::Next(name) => {
                self.emit(StateExited {
                    thread,
                    output,
                    assigned,
                    next: Some(name.clone()),
                })?;
                self.later(Work::Enter(thread));
            }
            Transition::End => {
                self.emit(StateExited {
                    thread,
                    output: output.clone(),
                    assigned,
                    next: None,
                })?;
                self.next(Work::Return(thread, output));
            }
        }
        Ok(())
    }

    /// Leaves a state that has a result: ResultSelector, ResultPath, Output and Assign, then on.
    pub(crate) fn complete(
        &mut self,
        thread: ThreadId,
        result: Arc<Value>,
        flow: ResultFlow<'_>,
        transition: &Transition,
    ) -> Step {
        let view = self.view(thread)?;
        match self.shape_result(&view, result, flow) {
            Ok((output, assigned)) => self.exit(thread, output, assigned, transition),
            Err(error) => self.fail_evaluation(thread, error),
        }
    }

    fn shape_result(&self, view: &View, result: Arc<Value>, flow: ResultFlow<'_>) -> Result<Assigned, EvalError> {
        let state = &view.state;
        if view.is_jsonata() {
            let data = Data::input(&view.input).with_result(&result);
            let output = match &state.output {
                Some(template) => Arc::new(self.template(view, template, data)?),
                None => result.clone(),
            };
            let assigned = self.assigned(view, state.assign.as_ref(), data)?;
            return Ok((output, assigned));
        }
        let selected = match flow.selector {
            Some(template) => Arc::new(self.template(view, template, Data::input(&result).with_result(&result))?),
            None => result,
        };
        let combined = match flow.path {
            ReferencePath::Root => selected.clone(),
            ReferencePath::Discard => view.input.clone(),
            path @ ReferencePath::Steps(_) => Arc::new(path.write(&view.input, (*selected).clone())?),
        };
        let output = self.path(view, state.output_path.as_ref(), &combined)?;
        let assigned = self.assigned(view, state.assign.as_ref(), Data::input(&selected))?;
        Ok((output, assigned))
    }

    /// Leaves a state that has no result, as its own fields say.
    pub(crate) fn exit_without_result(&mut self, thread: ThreadId, view: &View, transition: &Transition) -> Step {
        match self.pass_through(view, view.state.output.as_ref(), view.state.assign.as_ref()) {
            Ok((output, assigned)) => self.exit(thread, output, assigned, transition),
            Err(error) => self.fail_evaluation(thread, error),
        }
    }

    /// The output of a state that has no result: its input, or what OutputPath or Output make of it.
    pub(crate) fn pass_through(
        &self,
        view: &View,
        output: Option<&Template>,
        assign: Option<&Template>,
    ) -> Result<Assigned, EvalError> {
        if view.is_jsonata() {
            let data = Data::input(&view.input);
            let output = match output {
                Some(template) => Arc::new(self.template(view, template, data)?),
                None => view.input.clone(),
            };
            return Ok((output, self.assigned(view, assign, data)?));
        }
        let input = self.effective_input(view)?;
        let output = self.path(view, view.state.output_path.as_ref(), &input)?;
        Ok((output, self.assigned(view, assign, Data::input(&input))?))
    }

    /// The variables that an `Assign` sets.
    pub(crate) fn assigned(
        &self,
        view: &View,
        assign: Option<&Template>,
        data: Data<'_>,
    ) -> Result<Option<Arc<Variables>>, EvalError> {
        let Some(template) = assign else { return Ok(None) };
        let values = self.template(view, template, data)?;
        if exceeds_limits(&values) || view.variable_bytes() > MAX_VARIABLES {
            return Err(too_many_variables());
        }
        Ok(match values {
            // an empty Assign assigns nothing, and the event says nothing of it
            Value::Object(members) if members.is_empty() => None,
            Value::Object(members) => Some(Arc::new(
                members
                    .into_iter()
                    .map(|(name, value)| (Name::from(name), Arc::new(value)))
                    .collect(),
            )),
            // the parser takes objects only
            _ => None,
        })
    }
}
