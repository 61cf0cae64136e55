//! Evaluations that are made elsewhere, or were made before.

use serde_json::Value;

use super::{CostlyEvaluation, EvalError};

/// Who is asked about the JSONata evaluations of a decision, one after the other.
///
/// The order in which a decision evaluates is part of what is recorded: see `Fact::Evaluated` of the engine.
pub trait EvaluationDelegate {
    /// What the next evaluation gives, if that is known; asked before each, whatever it costs. `field`: what it is for.
    fn known(&self, field: &str) -> Option<Result<Value, EvalError>>;

    /// What an evaluation gives that cannot be shown to be cheap; the one last asked about.
    ///
    /// # Errors
    /// Those of the evaluation.
    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError>;
}
