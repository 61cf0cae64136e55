//! How a thread goes from state to state, and how data flows through a state.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::Variables;
use sluice_asl::definition::{Name, ReferencePath, Template, Transition};
use sluice_asl::eval::{ErrorName, EvalError};

use super::view::Data;
use super::{Decision, Failure, MAX_VARIABLES, Step, View, Work, exceeds_limits};
use crate::change::Change;
use crate::life::ThreadId;
use crate::{Outcome, state};

/// What a state's type says about its result.
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
        if !self.is_live(thread) {
            return Ok(());
        }
        let Some(control) = self.life.threads.get(&thread) else {
            return Ok(());
        };
        let Some((name, input)) = control.pending.clone() else {
            return Ok(());
        };
        let Some(state) = control.flow.state(self.machine, &name) else {
            // the parser checks every Next; a definition that was changed under a log ends here
            let failure = Failure::runtime(format!("The state machine has no state '{name}'."));
            self.next(Work::Fail(thread, failure));
            return Ok(());
        };
        self.emit(Change::StateEntered { thread, state, input })?;
        self.next(Work::Begin(thread));
        Ok(())
    }

    /// The thread's last state has ended: its output is the flow's.
    pub(crate) fn leave(&mut self, thread: ThreadId, output: Arc<Value>) -> Step {
        if !self.is_live(thread) {
            return Ok(());
        }
        match self.life.threads.get(&thread).and_then(|thread| thread.seat) {
            None => {
                self.finish(Outcome::Succeeded { output }, self.at);
                Err(super::Halt::Over)
            }
            Some(seat) => state::branch_returned(self, thread, seat, output),
        }
    }

    /// Leaves the thread's state.
    pub(crate) fn exit(
        &mut self,
        thread: ThreadId,
        output: Arc<Value>,
        assigned: Option<Arc<Variables>>,
        transition: &Transition,
    ) -> Step {
        let Some(visit) = self.life.visit(thread) else {
            return Ok(());
        };
        if !Arc::ptr_eq(&output, &visit.input) && exceeds_limits(&output) {
            let failure = Failure::data_limit(&visit.state.name);
            return self.fail_state(thread, failure);
        }
        match transition {
            Transition::Next(name) => {
                self.emit(Change::StateExited {
                    thread,
                    output,
                    assigned,
                    next: Some(name.clone()),
                })?;
                self.later(Work::Enter(thread));
            }
            Transition::End => {
                self.emit(Change::StateExited {
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

    /// The state has a result: ResultSelector, ResultPath, Output and Assign, then on.
    pub(crate) fn complete(
        &mut self,
        thread: ThreadId,
        result: Arc<Value>,
        flow: ResultFlow<'_>,
        transition: &Transition,
    ) -> Step {
        let Some(view) = self.view(thread) else { return Ok(()) };
        match self.shape_result(&view, result, flow) {
            Ok((output, assigned)) => self.exit(thread, output, assigned, transition),
            Err(error) => self.fail_evaluation(thread, error),
        }
    }

    fn shape_result(
        &self,
        view: &View,
        result: Arc<Value>,
        flow: ResultFlow<'_>,
    ) -> Result<(Arc<Value>, Option<Arc<Variables>>), EvalError> {
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

    /// The state has no result (Wait, Choice, Succeed): its output is its input, or what OutputPath or Output make of
    /// it.
    pub(crate) fn pass_through(
        &self,
        view: &View,
        output: Option<&Template>,
        assign: Option<&Template>,
    ) -> Result<(Arc<Value>, Option<Arc<Variables>>), EvalError> {
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
