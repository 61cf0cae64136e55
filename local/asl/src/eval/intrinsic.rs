//! Intrinsic functions: `States.Format('{}', $.name)` and the other seventeen.
//!
//! Follows [Intrinsics for JSONPath states](https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).

mod array;
mod call;
mod evaluate;
mod number;
mod parse;
mod refusal;
#[cfg(test)]
mod tests;
mod text;

pub use call::IntrinsicCall;
pub use parse::IntrinsicSyntaxError;
pub(crate) use text::hex_digest;
