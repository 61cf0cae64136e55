//! Where AWS's own metrics come from: what the services of this machine do.

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
