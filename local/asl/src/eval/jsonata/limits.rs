//! Limits of evaluations: numbers, the same on every machine.

use jsonata_core::evaluator::EvaluatorError;

/// The error text of an expression that holds too much.
pub(super) const TOO_LARGE: &str = "Expression evaluation memory limit exceeded: Check for excessive memory usage";

/// The error text of an expression that nests too deep.
pub(super) const TOO_DEEP: &str =
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive";

/// The most bytes that a value may have, as AWS was measured to count: 8 for a number, so that 873,782 numbers pass and
/// one more does not; a text of 4,194,304 characters passes and one of twice as many does not.
pub(super) const MAX_RESULT: usize = 6_990_256;

/// The most bytes of JSON text, roughly, that an operation may walk in one step.
pub(super) const MAX_WALKED: usize = MAX_RESULT;

/// The most levels that an evaluation may nest, as jsonata-js counts them: AWS was measured to take a sum of 100 terms and
/// 31 calls of `function($x){ $x <= 0 ? 0 : 1 + $f($x - 1) }`, three levels each, and to refuse one more.
pub(super) const MAX_DEPTH: usize = 100;
/// The most items of one sequence: what fits into [`MAX_RESULT`] as numbers.
pub(super) const MAX_SEQUENCE: usize = MAX_RESULT / 8;

/// The error of what makes or walks more than it may.
pub(super) fn too_large<T>() -> Result<T, EvaluatorError> {
    Err(EvaluatorError::EvaluationError(TOO_LARGE.to_owned()))
}
