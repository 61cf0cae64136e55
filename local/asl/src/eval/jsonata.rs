//! JSONata inside `{% … %}`.
//!
//! Follows [Transforming data with JSONata](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).
//! An expression is parsed once. What it may touch is known from then on, so that an evaluation converts only the
//! parts of its scope that the expression names, and a plain `$states.input.a.b` is a walk without an evaluator.

mod analysis;
mod builtin_override;
mod convert;
mod cost;
mod evaluation;
mod functions;
mod guard;
mod isolation;
mod limits;
mod message;
mod plan;
mod program;
mod request;
#[cfg(test)]
mod tests;
mod walk;

pub use program::{JsonataProgram, JsonataSyntaxError};
