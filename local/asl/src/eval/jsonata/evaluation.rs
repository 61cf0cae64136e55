//! Evaluations by the evaluator.

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{CancelToken, Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde_json::Value;

use super::analysis::{Analysis, Needs};
use super::convert::{Unsupported, from_jsonata, to_jsonata};
use super::cost::Bound;
use super::limits::{MAX_DEPTH, MAX_SEQUENCE, TOO_DEEP, TOO_LARGE};
use super::{functions, guard, isolation};
use crate::eval::error::EvalError;
use crate::eval::scope::Scope;

/// An expression that needs the evaluator.
#[derive(Debug)]
pub(super) struct Evaluation {
    pub(super) tree: AstNode,
    pub(super) analysis: Analysis,
    /// The bound of its cost, if anybody can tell.
    pub(super) bound: Option<Bound>,
}

/// The failure of an evaluation, before the sentence that names expression and field.
pub(super) enum Failure {
    /// JSONata's message.
    Error(EvaluatorError),
    /// No value.
    Undefined,
    /// A function or a regular expression, which JSON does not have; or too much.
    Unsupported(Unsupported),
}

impl Failure {
    pub(super) fn sentence(self, source: &str, field: &str) -> EvalError {
        let tail = match self {
            Failure::Undefined => "returned nothing (undefined).".to_owned(),
            Failure::Unsupported(Unsupported::Type) => "returned an unsupported result type.".to_owned(),
            Failure::Unsupported(Unsupported::Size) => {
                format!("threw an error during evaluation: {}", TOO_LARGE)
            }
            Failure::Error(error) if error.message().starts_with("D1011") || error.message().starts_with("U1001") => {
                format!("threw an error during evaluation: {TOO_DEEP}")
            }
            Failure::Error(error) if error.message().starts_with("D2015") => {
                format!("threw an error during evaluation: {TOO_LARGE}")
            }
            Failure::Error(error) => {
                let separator = if error.code().is_some() { '.' } else { ':' };
                format!("threw an error during evaluation{separator} {}", error.message())
            }
        };
        EvalError::query(
            Some(field),
            format!("The JSONata expression '{source}' specified for the field '{field}' {tail}"),
        )
    }
}

/// Limits that do not depend on the machine: the time is the caller's business, who may give the signal to stop.
/// `exact_depth`: it may nest as deep as AWS allows, so that each level is counted.
pub(super) fn options(cancel: Option<CancelToken>, exact_depth: bool) -> EvaluatorOptions {
    EvaluatorOptions {
        timeout_ms: None,
        cancel,
        max_stack_depth: Some(MAX_DEPTH),
        max_sequence_length: Some(MAX_SEQUENCE),
        exact_depth,
    }
}

/// The signal that stops the evaluations of a scope.
pub(super) fn cancel(scope: &Scope<'_>) -> Option<CancelToken> {
    scope.stop.map(|stop| stop.token().clone())
}

pub(super) fn finish(evaluator: &mut Evaluator, tree: &AstNode) -> Result<Value, Failure> {
    let outcome = isolation::contained(|| evaluator.evaluate(tree, &JValue::Undefined));
    match outcome.unwrap_or_else(|| Err(EvaluatorError::EvaluationError(isolation::FAULT.to_owned()))) {
        Ok(JValue::Undefined) => Err(Failure::Undefined),
        Ok(value) => from_jsonata(&value).map_err(Failure::Unsupported),
        Err(error) => Err(Failure::Error(error)),
    }
}

impl Evaluation {
    /// The seed of its random functions, taken out of the scope's.
    pub(super) fn seed(&self, scope: &Scope<'_>) -> [u64; 2] {
        if self.analysis.functions.is_empty() {
            return [0; 2];
        }
        [scope.entropy.next_u64(), scope.entropy.next_u64()]
    }

    pub(super) fn run(&self, scope: &Scope<'_>, seed: [u64; 2]) -> Result<Value, Failure> {
        let mut context = Context::new();
        for (name, needs) in &self.analysis.variables {
            let value = if name == "states" {
                Some(states_value(needs, scope))
            } else {
                scope.variables.get(name.as_str()).map(|value| needs.pruned(value))
            };
            if let Some(value) = value {
                context.bind(name.clone(), value);
            }
        }
        let options = options(cancel(scope), self.analysis.may_be_deep);
        self.run_in(context, options, scope.now, seed)
    }

    pub(super) fn run_in(
        &self,
        context: Context,
        options: EvaluatorOptions,
        now: i64,
        seed: [u64; 2],
    ) -> Result<Value, Failure> {
        let mut evaluator = Evaluator::with_options(context, options);
        functions::register(&mut evaluator, &self.analysis.functions, now, seed).map_err(Failure::Error)?;
        guard::register(&mut evaluator, &self.analysis).map_err(Failure::Error)?;
        finish(&mut evaluator, &self.tree)
    }
}

/// `$states`, as far as it is needed.
fn states_value(needs: &Needs, scope: &Scope<'_>) -> JValue {
    let parts = states_members(scope).into_iter().filter_map(|(name, value)| {
        let value = value?;
        let converted = if needs.whole {
            to_jsonata(value)
        } else {
            needs.parts.get(name)?.pruned(value)
        };
        Some((name.to_owned(), converted))
    });
    JValue::object(parts.collect())
}

/// The members of `$states`.
pub(super) fn states_members<'a>(scope: &Scope<'a>) -> [(&'static str, Option<&'a Value>); 4] {
    [
        ("input", Some(scope.input)),
        ("context", Some(scope.context)),
        ("result", scope.result),
        ("errorOutput", scope.error_output),
    ]
}
