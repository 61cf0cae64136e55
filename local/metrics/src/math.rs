//! Metric math: expressions over time series.
//! See [syntax and functions](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).
//!
//! [`Expression::parse`] reads a text, [`Expression::evaluate`] computes it. Missing values count as 0 in arithmetic and
//! comparisons of two series, and what is no number (a division by zero) is left out, as CloudWatch does both.

mod calendar;
mod error;
mod eval;
mod function;
mod lexer;
mod parser;
mod value;

pub use error::MathError;
pub use eval::Scope;
pub use function::Function;
pub use parser::Expression;
pub use value::{TimeSeries, Value};
