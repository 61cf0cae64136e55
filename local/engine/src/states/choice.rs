//! Choice: the first rule that holds says where to go.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Choice, ChoiceRule};
use sluice_asl::eval::{ErrorName, EvalError};
use sluice_asl::{Transition, Variables};

use super::behavior::StateBehavior;
use crate::decision::{Data, Decision, Step, View, condition_reads_context};
use crate::execution_state::ThreadId;

/// The output, the variables, and where they go.
type Chosen = (Arc<Value>, Option<Arc<Variables>>, Transition);

impl StateBehavior for Choice {
    fn start(&self, d: &mut Decision<'_>, thread: ThreadId) -> Step {
        let view = d.view(thread)?;
        match choose(d, &view, self) {
            Ok((output, assigned, transition)) => d.exit(thread, output, assigned, &transition),
            Err(error) => d.fail_evaluation(thread, error),
        }
    }
}

fn choose(d: &Decision<'_>, view: &View, choice: &Choice) -> Result<Chosen, EvalError> {
    if let Some(rule) = matching_rule(d, view, choice)? {
        let (output, assigned) = d.pass_through(view, rule.output.as_ref(), rule.assign.as_ref())?;
        return Ok((output, assigned, Transition::Next(rule.next.clone())));
    }
    let Some(default) = &choice.default else {
        return Err(no_choice_matched());
    };
    let (output, assigned) = d.pass_through(view, view.state.output.as_ref(), view.state.assign.as_ref())?;
    Ok((output, assigned, Transition::Next(default.clone())))
}

/// The error of a Choice of which no rule holds, and that has no `Default`.
pub(crate) fn no_choice_matched() -> EvalError {
    EvalError {
        name: ErrorName::NoChoiceMatched,
        cause: "Failed to transition out of the state. The state does not point to a next state.".to_owned(),
        location: None,
    }
}

fn matching_rule<'c>(d: &Decision<'_>, view: &View, choice: &'c Choice) -> Result<Option<&'c ChoiceRule>, EvalError> {
    let input = d.state_input(view)?;
    for rule in &choice.rules {
        let reads_context = condition_reads_context(&rule.condition);
        if d.evaluate(view, Data::input(&input), reads_context, |scope| {
            rule.condition.holds(scope)
        })? {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}
