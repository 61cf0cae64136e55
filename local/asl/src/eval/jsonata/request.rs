//! Evaluations before they are made, and copies of them that can be carried elsewhere.

use serde_json::Value;

use super::cost::Bound;
use super::evaluation::{Evaluation, states_members};
use crate::eval::error::EvalError;
use crate::eval::scope::{EvaluationRequest, PendingEvaluation, Scope};

/// An evaluation before it is made.
pub(super) struct Pending<'a> {
    pub(super) source: &'a str,
    pub(super) field: &'a str,
    pub(super) evaluation: &'a Evaluation,
    pub(super) scope: &'a Scope<'a>,
    pub(super) seed: [u64; 2],
}

impl PendingEvaluation for Pending<'_> {
    fn evaluate(&self) -> Result<Value, EvalError> {
        let result = self.evaluation.run(self.scope, self.seed);
        result.map_err(|failure| failure.sentence(self.source, self.field))
    }

    fn request(&self) -> EvaluationRequest {
        let bindings = self.evaluation.analysis.variables.iter().filter_map(|(name, needs)| {
            let value = if name == "states" {
                let parts = states_members(self.scope).into_iter().filter_map(|(part, value)| {
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
}

impl Pending<'_> {
    /// Tells whether it can be shown to be cheap for what it reads.
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
            let parts = states_members(self.scope).into_iter().map(|(part, value)| match value {
                None => 0,
                Some(value) if needs.whole => crate::size::weight(value),
                Some(value) => needs.parts.get(part).map_or(0, |needs| needs.weight(value)),
            });
            parts.sum()
        });
        variables.sum()
    }
}
