//! The flow of data through a state that stands alone.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Catcher, Name, Path, ReferencePath, Template, Transition};
use sluice_asl::eval::EvalError;
use sluice_asl::{QueryLanguage, Scope, Variables};

use super::subject::SuspendedTest;
use crate::decision::{Data, Failure, ResultFlow, too_many_variables, within_depth};
use crate::limits::exceeds_limits;

/// A state's end, before its output's size is known to be allowed.
pub(super) struct Ending {
    pub(super) output: Arc<Value>,
    pub(super) assigned: Variables,
    pub(super) next: Option<Name>,
}

/// The state that follows.
pub(super) fn transition_of(transition: &Transition) -> Option<Name> {
    match transition {
        Transition::Next(name) => Some(name.clone()),
        Transition::End => None,
    }
}

impl SuspendedTest {
    pub(super) fn is_jsonata(&self) -> bool {
        self.test.state.query_language == QueryLanguage::Jsonata
    }

    pub(super) fn scope<'s>(&'s self, data: Data<'s>) -> Scope<'s> {
        self.scope_in(data, &self.test.context)
    }

    /// The scope with another context object, that of one item.
    pub(super) fn scope_in<'s>(&'s self, data: Data<'s>, context: &'s Value) -> Scope<'s> {
        Scope {
            input: data.input,
            context,
            variables: &self.test.variables,
            result: data.result,
            error_output: data.error_output,
            now: self.test.at,
            entropy: &self.entropy,
            stop: Some(&self.test.stop),
            delegate: Some(&self.test.evaluator),
        }
    }

    /// The value of a payload template.
    pub(super) fn template(&self, template: &Template, data: Data<'_>) -> Result<Value, EvalError> {
        within_depth(template.evaluate(&self.scope(data))?)
    }

    fn path(&self, path: Option<&Path>, of: &Arc<Value>) -> Result<Arc<Value>, EvalError> {
        match path {
            None => Ok(of.clone()),
            Some(path) => path.read(&self.scope(Data::input(of))).map(Arc::new),
        }
    }

    /// The raw input, in JSONPath after `InputPath`.
    pub(super) fn effective_input(&self) -> Result<Arc<Value>, EvalError> {
        let input = &self.test.input;
        if self.is_jsonata() {
            return Ok(input.clone());
        }
        self.path(self.test.state.input_path.as_ref(), input)
    }

    /// The same, and the inspection shows it.
    pub(super) fn shown_input(&mut self) -> Result<Arc<Value>, EvalError> {
        let input = self.effective_input()?;
        if !self.is_jsonata() {
            self.inspection.after_input_path = Some(input.clone());
        }
        Ok(input)
    }

    /// Ends a state without a result.
    pub(super) fn pass_on(
        &self,
        output: Option<&Template>,
        assign: Option<&Template>,
        transition: &Transition,
    ) -> Result<Ending, EvalError> {
        let input = self.effective_input()?;
        let data = Data::input(&input);
        let output = if self.is_jsonata() {
            match output {
                Some(template) => Arc::new(self.template(template, data)?),
                None => input.clone(),
            }
        } else {
            self.path(self.test.state.output_path.as_ref(), &input)?
        };
        Ok(Ending {
            output,
            assigned: self.assigned(assign, data)?,
            next: transition_of(transition),
        })
    }

    /// Ends a state that has a result.
    pub(super) fn shape_result(
        &mut self,
        result: Arc<Value>,
        flow: ResultFlow<'_>,
        next: Option<Name>,
    ) -> Result<Ending, EvalError> {
        let state = self.test.state.clone();
        let input = self.test.input.clone();
        if self.is_jsonata() {
            let data = Data::input(&input).with_result(&result);
            let output = match &state.output {
                Some(template) => Arc::new(self.template(template, data)?),
                None => result.clone(),
            };
            let assigned = self.assigned(state.assign.as_ref(), data)?;
            return Ok(Ending { output, assigned, next });
        }
        let selected = match flow.selector {
            Some(template) => Arc::new(self.template(template, Data::input(&result).with_result(&result))?),
            None => result,
        };
        self.inspection.after_result_selector = Some(selected.clone());
        let combined = match flow.path {
            ReferencePath::Root => selected.clone(),
            ReferencePath::Discard => input,
            path @ ReferencePath::Steps(_) => Arc::new(path.write(&input, (*selected).clone())?),
        };
        self.inspection.after_result_path = Some(combined.clone());
        let output = self.path(state.output_path.as_ref(), &combined)?;
        let assigned = self.assigned(state.assign.as_ref(), Data::input(&selected))?;
        Ok(Ending { output, assigned, next })
    }

    /// The output and the variables that a catcher makes of a failure.
    pub(super) fn caught(&self, catcher: &Catcher, failure: &Failure) -> Result<(Arc<Value>, Variables), EvalError> {
        let input = &self.test.input;
        let error_output = failure.output();
        let data = if self.is_jsonata() {
            Data::input(input).with_error(&error_output)
        } else {
            Data::input(&error_output).with_error(&error_output)
        };
        let output = match &catcher.output {
            Some(template) => self.template(template, data)?,
            None if self.is_jsonata() => error_output.clone(),
            None => catcher.result_path.write(input, error_output.clone())?,
        };
        let assigned = self.assigned(catcher.assign.as_ref(), data)?;
        Ok((Arc::new(output), assigned))
    }

    pub(super) fn assigned(&self, assign: Option<&Template>, data: Data<'_>) -> Result<Variables, EvalError> {
        let Some(template) = assign else {
            return Ok(Variables::new());
        };
        let values = self.template(template, data)?;
        if exceeds_limits(&values) {
            return Err(too_many_variables());
        }
        Ok(match values {
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (Name::from(name), Arc::new(value)))
                .collect(),
            // the parser takes objects only
            _ => Variables::new(),
        })
    }
}
