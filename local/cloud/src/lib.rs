//! The embedded cloud: AWS wire APIs, DynamoDB, SNS and its inbox, stacks from templates, console.

pub mod cloudformation;
pub mod cloudwatch;
pub mod console;
pub mod dynamodb;
pub mod endpoint;
pub mod lambda;
pub mod sns;
mod states;
pub mod tasks;

mod cloud;
mod control;
mod stack;

pub use cloud::{Cloud, CloudConfig};
pub use stack::{Plan, StackSource, StartError};
