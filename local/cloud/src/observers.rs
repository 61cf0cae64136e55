//! The observers of driver, host, streams and tables, which turn what these tell into AWS's own metrics.

mod dynamodb;
mod embedded;
mod family;
mod lambda;
mod states;
mod streams;

pub(crate) use dynamodb::DynamoMetrics;
pub(crate) use lambda::LambdaMetrics;
pub(crate) use states::StatesMetrics;
pub(crate) use streams::StreamsMetrics;

use family::{Family, Sample};

#[cfg(test)]
mod tests;
