//! Where AWS's own metrics come from: what the services of this machine do.

mod dynamodb;
mod embedded;
mod family;
mod lambda;
mod states;

pub(crate) use dynamodb::{DynamoMetrics, Usage};
pub(crate) use lambda::LambdaMetrics;
pub(crate) use states::StatesMetrics;

use family::{Family, Sample};
