//! Limits of evaluations: numbers, the same on every machine.

use jsonata_core::evaluator::EvaluatorError;

/// The error text of an expression that makes too much text.
pub(super) const TOO_LARGE: &str = "Expression evaluation exceeded the memory limit.";

/// The most bytes of JSON text that a result may have, roughly: values that share their parts grow when written out.
pub(super) const MAX_RESULT: usize = 2 * 1024 * 1024;

/// The most bytes of JSON text, roughly, that an operation may walk in one step.
pub(super) const MAX_WALKED: usize = 2 * MAX_RESULT;

/// The most levels that an evaluation may nest; a recursive function takes about three a call.
pub(super) const MAX_DEPTH: usize = 3_000;
/// The most items of one sequence. A state's output of 262,144 bytes cannot hold more.
pub(super) const MAX_SEQUENCE: usize = 262_144;

/// The error of what makes or walks more than it may.
pub(super) fn too_large<T>() -> Result<T, EvaluatorError> {
    Err(EvaluatorError::EvaluationError(TOO_LARGE.to_owned()))
}
