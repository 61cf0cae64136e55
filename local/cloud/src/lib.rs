//! The embedded cloud: AWS wire APIs, DynamoDB, SNS and its inbox, stacks from templates, console.

pub mod cloudformation;
pub mod cloudwatch;
pub mod console;
pub mod dynamodb;
pub mod endpoint;
pub mod health;
pub mod kinesis;
pub mod lambda;
pub mod mapping;
pub mod sns;
pub mod sqs;
mod states;
pub mod tasks;

mod cloud;
mod control;
mod directory;
mod doors;
mod housekeeping;
mod permissions;
mod scheduler;
mod stack;
mod upkeep;

pub use sluice_driver::{WorkerCommand, serve_evaluations};

pub use cloud::{Cloud, CloudConfig, ServiceReport, StackReport};
pub use directory::DirectoryError;
pub use stack::{Plans, StackSource, StartError};
pub use upkeep::{BackupError, CheckError, DatabaseReport, FindingReport, Report, backup, check};
