//! The start of each type of state.

use std::sync::Arc;

use sluice_asl::definition::{Choice, Dynamic, Fail, Parallel, Pass, Task, Template, Wait};
use sluice_asl::eval::EvalError;
use sluice_asl::{StateKind, Transition};

use super::data::{Ending, transition_of};
use super::subject::SuspendedTest;
use crate::decision::{Data, Failure, ResultFlow, within_depth};
use crate::{AttemptId, ScheduledTask, Timestamp, states};

/// The point that the state reaches at once.
pub(super) enum Started {
    Ended(Ending),
    Failed(Failure),
    Waits(Timestamp),
    Calls(Box<ScheduledTask>),
    Gathers,
}

impl SuspendedTest {
    pub(super) fn start_state(&mut self) -> Result<Started, EvalError> {
        let state = self.test.state.clone();
        match &state.kind {
            StateKind::Pass(pass) => self.start_pass(pass),
            StateKind::Task(task) => self.start_task(task),
            StateKind::Choice(choice) => self.start_choice(choice),
            StateKind::Wait(wait) => self.start_wait(wait),
            StateKind::Succeed(_) => {
                self.shown_input()?;
                self.pass_on(state.output.as_ref(), None, &Transition::End)
                    .map(Started::Ended)
            }
            StateKind::Fail(fail) => self.start_fail(fail),
            StateKind::Parallel(parallel) => self.start_parallel(parallel),
            StateKind::Map(map) => self.start_map(map),
        }
    }

    fn start_pass(&mut self, pass: &Pass) -> Result<Started, EvalError> {
        let state = self.test.state.clone();
        if self.is_jsonata() {
            return self
                .pass_on(state.output.as_ref(), state.assign.as_ref(), &pass.transition)
                .map(Started::Ended);
        }
        let result = match &pass.result {
            // a fixed result leaves the input unread
            Some(result) => {
                let result = Arc::new(result.clone());
                self.inspection.result = Some(result.clone());
                result
            }
            None => {
                let input = self.shown_input()?;
                self.with_parameters(pass.parameters.as_ref(), &input)?
            }
        };
        let flow = ResultFlow {
            selector: None,
            path: &pass.result_path,
        };
        self.shape_result(result, flow, transition_of(&pass.transition))
            .map(Started::Ended)
    }

    /// `Parameters` or `Arguments`, or else the input itself; the inspection shows them.
    fn with_parameters(
        &mut self,
        template: Option<&Template>,
        input: &Arc<serde_json::Value>,
    ) -> Result<Arc<serde_json::Value>, EvalError> {
        let value = match template {
            Some(template) => Arc::new(self.template(template, Data::input(input))?),
            None => input.clone(),
        };
        let place = if self.is_jsonata() {
            &mut self.inspection.after_arguments
        } else {
            &mut self.inspection.after_parameters
        };
        *place = Some(value.clone());
        Ok(value)
    }

    fn start_task(&mut self, task: &Task) -> Result<Started, EvalError> {
        let input = self.shown_input()?;
        let arguments = self.with_parameters(task.arguments.as_ref(), &input)?;
        let scope = self.scope(Data::input(&input));
        let seconds =
            |dynamic: &Option<Dynamic<u64>>| dynamic.as_ref().map(|dynamic| dynamic.evaluate(&scope)).transpose();
        let timeout_seconds = seconds(&task.timeout)?;
        let heartbeat_seconds = seconds(&task.heartbeat)?;
        let credentials = match &task.credentials {
            Some(template) => Some(Arc::new(within_depth(template.evaluate(&scope)?)?)),
            None => None,
        };
        Ok(Started::Calls(Box::new(ScheduledTask {
            attempt: AttemptId(1),
            state: self.test.state.name.clone(),
            resource: task.resource.clone(),
            arguments,
            token: None,
            timeout_seconds,
            heartbeat_seconds,
            credentials,
        })))
    }

    fn start_choice(&mut self, choice: &Choice) -> Result<Started, EvalError> {
        let state = self.test.state.clone();
        let input = self.shown_input()?;
        for rule in &choice.rules {
            if rule.condition.holds(&self.scope(Data::input(&input)))? {
                let transition = Transition::Next(rule.next.clone());
                return self
                    .pass_on(rule.output.as_ref(), rule.assign.as_ref(), &transition)
                    .map(Started::Ended);
            }
        }
        let Some(default) = &choice.default else {
            return Err(states::choice::no_choice_matched());
        };
        let transition = Transition::Next(default.clone());
        self.pass_on(state.output.as_ref(), state.assign.as_ref(), &transition)
            .map(Started::Ended)
    }

    fn start_wait(&mut self, wait: &Wait) -> Result<Started, EvalError> {
        let input = self.shown_input()?;
        wait.ends_at(&self.scope(Data::input(&input))).map(Started::Waits)
    }

    fn start_fail(&mut self, fail: &Fail) -> Result<Started, EvalError> {
        let input = self.shown_input()?;
        let scope = self.scope(Data::input(&input));
        let text =
            |dynamic: &Option<Dynamic<String>>| dynamic.as_ref().map(|dynamic| dynamic.evaluate(&scope)).transpose();
        let error = text(&fail.error)?;
        let cause = text(&fail.cause)?;
        Ok(Started::Failed(Failure { error, cause }))
    }

    /// A Parallel's inspection shows nothing of what its branches get; what is wrong with it fails the state all the
    /// same.
    fn start_parallel(&mut self, parallel: &Parallel) -> Result<Started, EvalError> {
        let input = self.effective_input()?;
        if let Some(template) = &parallel.arguments {
            self.template(template, Data::input(&input))?;
        }
        Ok(Started::Gathers)
    }
}
