//! Evaluations that cannot be shown to be cheap, as something that can be carried elsewhere.

use jsonata_core::evaluator::{Context, EvaluatorOptions};
use serde_json::Value;

use super::convert::to_jsonata;
use super::cost::Bound;
use super::{Evaluation, JsonataProgram, MAX_DEPTH, MAX_SEQUENCE, Plan};
use crate::eval::{EvalError, Scope};

/// An evaluation that cannot be shown to be cheap, before it is made.
#[derive(Clone, Copy)]
pub struct CostlyEvaluation<'a> {
    pub(super) source: &'a str,
    pub(super) field: &'a str,
    pub(super) evaluation: &'a Evaluation,
    pub(super) scope: &'a Scope<'a>,
    pub(super) seed: [u64; 2],
}

/// An evaluation with all that it reads. Wherever it is made, it gives the same.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationRequest {
    /// The expression.
    pub source: String,
    /// What it is for; part of error texts.
    pub field: String,
    /// The values of the variables that it reads, `states` among them, as far as it reads them.
    pub bindings: Vec<(String, Value)>,
    /// The time.
    pub now: i64,
    /// What random functions draw from.
    pub seed: [u64; 2],
}

impl CostlyEvaluation<'_> {
    /// The expression.
    pub fn source(&self) -> &str {
        self.source
    }

    /// What it is for.
    pub fn field(&self) -> &str {
        self.field
    }

    /// Makes it here and now, whatever it costs.
    ///
    /// # Errors
    /// Those of the evaluation.
    pub fn evaluate_here(&self) -> Result<Value, EvalError> {
        let result = self.evaluation.run(self.scope, self.seed);
        result.map_err(|failure| failure.sentence(self.source, self.field))
    }

    /// The error of an evaluation that was ended because of `reason`, a sentence.
    pub fn interrupted(&self, reason: &str) -> EvalError {
        EvalError::query(
            Some(self.field),
            format!(
                "The JSONata expression '{}' specified for the field '{}' threw an error during evaluation: {reason}",
                self.source, self.field
            ),
        )
    }

    /// The evaluation with a copy of what it reads.
    pub fn request(&self) -> EvaluationRequest {
        let bindings = self.evaluation.analysis.variables.iter().filter_map(|(name, needs)| {
            let value = if name == "states" {
                let parts = states(self.scope).into_iter().filter_map(|(part, value)| {
                    let value = if needs.whole {
                        value?.clone()
                    } else {
                        needs.parts.get(part)?.part(value?)
                    };
                    Some((part.to_owned(), value))
                });
                parts.collect()
            } else {
                needs.part(self.scope.variables.get(name.as_str())?)
            };
            Some((name.clone(), value))
        });
        EvaluationRequest {
            source: self.source.to_owned(),
            field: self.field.to_owned(),
            bindings: bindings.collect(),
            now: self.scope.now,
            seed: self.seed,
        }
    }

    /// Whether it can be shown to be cheap for what it reads.
    pub(super) fn is_cheap(&self) -> bool {
        let bound = self.evaluation.bound;
        bound.is_some_and(Bound::is_linear) || bound.is_some_and(|bound| bound.is_little(self.size()))
    }

    /// The size of what it reads, roughly.
    fn size(&self) -> usize {
        let variables = self.evaluation.analysis.variables.iter().map(|(name, needs)| {
            if name != "states" {
                let value = self.scope.variables.get(name.as_str());
                return value.map_or(0, |value| needs.weight(value));
            }
            let parts = states(self.scope).into_iter().map(|(part, value)| match value {
                None => 0,
                Some(value) if needs.whole => crate::size::weight(value),
                Some(value) => needs.parts.get(part).map_or(0, |needs| needs.weight(value)),
            });
            parts.sum()
        });
        variables.sum()
    }
}

impl JsonataProgram {
    /// Makes an evaluation of this very expression that was carried here.
    ///
    /// # Errors
    /// Those of the evaluation.
    pub fn evaluate_request(&self, request: &EvaluationRequest) -> Result<Value, EvalError> {
        let Plan::Evaluate(evaluation) = &self.plan else {
            // nobody carries what is cheap
            return Err(EvalError::query(
                Some(&request.field),
                "The expression needs no evaluator.",
            ));
        };
        let mut context = Context::new();
        for (name, value) in &request.bindings {
            context.bind(name.clone(), to_jsonata(value));
        }
        let options = EvaluatorOptions {
            timeout_ms: None,
            cancel: None,
            max_stack_depth: Some(MAX_DEPTH),
            max_sequence_length: Some(MAX_SEQUENCE),
        };
        let result = evaluation.run_in(context, options, request.now, request.seed);
        result.map_err(|failure| failure.sentence(&request.source, &request.field))
    }
}

/// The members of `$states`.
pub(super) fn states<'a>(scope: &Scope<'a>) -> [(&'static str, Option<&'a Value>); 4] {
    [
        ("input", Some(scope.input)),
        ("context", Some(scope.context)),
        ("result", scope.result),
        ("errorOutput", scope.error_output),
    ]
}
