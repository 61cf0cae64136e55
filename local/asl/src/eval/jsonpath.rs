//! JSONPath as Step Functions speaks it: Jayway's dialect over the input, the context object or a variable.
//!
//! Jayway differs from RFC 9535 where it matters here: a definite path that finds nothing is an error with its own
//! text, an indefinite one gives `[]`; filters also test objects; names may hold hyphens; `=~` and `in` exist. Hence
//! no RFC library underneath.

mod allowance;
mod cursor;
mod function;
mod literal;
mod missing;
mod parse;
mod query;
mod select;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;

pub use cursor::PathSyntaxError;
pub(crate) use parse::{parse_steps, reference_steps};
pub use query::{JsonPathQuery, Root, Step};
