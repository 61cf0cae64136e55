//! The embedded cloud: AWS wire APIs, DynamoDB, SNS and its inbox, stacks from templates, console.

pub mod endpoint;
pub mod health;

mod cloud;
mod control;
mod directory;
mod doors;
mod events;
mod housekeeping;
mod observers;
mod permissions;
mod scheduler;
mod stack;
mod upkeep;

pub use sluice_cloudformation as cloudformation;
pub use sluice_dynamodb as dynamodb;
pub use sluice_lambda as lambda;
pub use sluice_sns as sns;

pub use sluice_driver::{WorkerCommand, serve_evaluations};

pub use cloud::{Cloud, CloudConfig, ServiceReport, StackReport};
pub use directory::DirectoryError;
pub use sluice_quotas::Profile as QuotaProfile;

pub use stack::{Plans, RuntimeNotes, StackSource, StartError};
pub use upkeep::{BackupError, CheckError, DatabaseReport, FindingReport, Report, backup, check};
