//! The embedded cloud: AWS wire APIs, DynamoDB, SNS and its inbox, stacks from templates, console.

pub mod endpoint;
pub mod health;
pub mod validation;

mod account_limits;
mod activity;
mod alarms;
mod announcements;
mod cloud;
mod config;
mod control;
mod directory;
mod events;
mod housekeeping;
mod listeners;
mod observers;
mod permissions;
mod scheduler;
mod served;
mod stack;
mod stack_list;
mod start;
mod time_machine;
mod upkeep;
mod wiring;

pub use sluice_cloudformation as cloudformation;
pub use sluice_driver as driver;
pub use sluice_dynamodb as dynamodb;
pub use sluice_lambda as lambda;
pub use sluice_sns as sns;

pub use sluice_console::{SubmissionSpec, Tone};
pub use sluice_driver::{WorkerCommand, serve_evaluations};
pub use sluice_engine::Outcome;
pub use sluice_integrations::{Mocks, MocksError};

pub use announcements::{Announcement, Announcements};
pub use cloud::{Cloud, ServiceReport, StackReport};
pub use config::CloudConfig;
pub use directory::DirectoryError;
pub use sluice_quotas::Profile as QuotaProfile;
pub use sluice_smtp::{Server as SmtpServer, ServerError as SmtpServerError};

pub use stack::{Binaries, BinaryPlaces, FoundBinaries, FunctionCode, Plans, RuntimeNotes, StackSource, StartError};
pub use upkeep::{BackupError, CheckError, DatabaseReport, FindingReport, Report, backup, check};
