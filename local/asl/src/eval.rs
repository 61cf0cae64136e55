//! Evaluation: the languages of expressions, and the scope that they read.
//!
//! Everything an evaluation may see is in its [`Scope`]; the same scope gives the same value, always.

mod entropy;
mod error;
mod intrinsic;
mod java_random;
mod jsonata;
mod jsonpath;
mod scope;
mod stop;
mod timestamp;

pub use entropy::Entropy;
pub use error::{ErrorName, EvalError};
pub use intrinsic::{IntrinsicCall, IntrinsicSyntaxError};
pub use jsonata::{JsonataProgram, JsonataSyntaxError};
pub use jsonpath::{JsonPathQuery, PathSyntaxError, Root, Step};
pub(crate) use jsonpath::{parse_steps, reference_steps};
pub use scope::{CostlyEvaluation, EvaluationDelegate, EvaluationRequest, Scope, Variables};
pub use stop::StopSignal;
pub(crate) use timestamp::instant;
pub use timestamp::parse_timestamp;
