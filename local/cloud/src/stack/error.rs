//! Reasons why a stack cannot be started: each one line that says what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use sluice_driver::{DriverError, OpenError};
use sluice_host::HostError;
use sluice_template::TemplateErrors;

use super::secrets::SecretError;
use crate::directory::DirectoryError;
use crate::dynamodb::DynamoError;
use crate::lambda::RemoteLambdaError;
use sluice_cloudwatch::{CloudWatchError, MetricsError};

/// The stack cannot be read or started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file that the stack is made of cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The template, or a parameter given to it.
    #[error(transparent)]
    Template(#[from] TemplateErrors),
    /// The sentences of a template for the runtime.
    #[error("{}: Metadata.{problem}", .template.display())]
    Metadata {
        /// The template's file.
        template: PathBuf,
        /// The problem.
        problem: String,
    },
    /// A parameter that no stack has.
    #[error("no stack has the parameter `{name}`; these are started: {stacks}")]
    UnknownParameter {
        /// The parameter.
        name: String,
        /// The stacks' names.
        stacks: String,
    },
    /// The metrics' file.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// An alarm breaks a rule of CloudWatch's, or cannot be kept.
    #[error("the alarm {logical_id}: {source}")]
    Alarm {
        /// The resource.
        logical_id: String,
        /// The error of CloudWatch.
        source: CloudWatchError,
    },
    /// A dashboard cannot be kept.
    #[error("the dashboard {logical_id}: {source}")]
    Dashboard {
        /// The resource.
        logical_id: String,
        /// The error of CloudWatch.
        source: CloudWatchError,
    },
    /// A state machine's definition.
    #[error("the definition of {logical_id} ({source_name}) is not a state machine: {problem}")]
    Definition {
        /// The resource.
        logical_id: String,
        /// The definition's file, or the template.
        source_name: String,
        /// The problem in it.
        problem: String,
    },
    /// A function without a binary.
    #[error("the function {logical_id} has Code `{code_path}`, for which there is no binary")]
    NoBinary {
        /// The resource.
        logical_id: String,
        /// Its `Code`.
        code_path: String,
    },
    /// A container without a binary.
    #[error(
        "the task definition {logical_id} has the container `{container}`, for which there is no binary of that name"
    )]
    NoContainerBinary {
        /// The resource.
        logical_id: String,
        /// The container.
        container: String,
    },
    /// The data directory cannot be kept from other users.
    #[error(
        "cannot keep the data directory {} from other users: {source}; make it this user's own (`chown`), or choose \
         another directory with --data",
        .directory.display()
    )]
    DataDirectory {
        /// The data directory.
        directory: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A secret cannot be made, or one that a variable names cannot be had.
    #[error("{logical_id}: {source}")]
    Secret {
        /// The resource.
        logical_id: String,
        /// The reason.
        source: SecretError,
    },
    /// An address is taken.
    #[error("{what} cannot listen on {address}: {source}; stop what uses it, or choose other ports with --listen ADDR")]
    Listen {
        /// The endpoint, or which function URL.
        what: String,
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A port that a function URL had before is taken.
    #[error(
        "the function URL {logical_id} cannot listen on {address}: {source}; links in mails that were sent lead to this \
         port, so it is kept: stop what uses it, or start with another data directory (--data)"
    )]
    KnownPort {
        /// The resource.
        logical_id: String,
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database of the data directory is missing, or belongs elsewhere.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The journal.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// A function.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The tables.
    #[error("DynamoDB: {0}")]
    Dynamo(#[from] DynamoError),
    /// The topics.
    #[error("{logical_id}: {source}")]
    Topic {
        /// The resource.
        logical_id: String,
        /// The error of SNS.
        source: crate::sns::SnsError,
    },
    /// A subscription that nothing delivers to locally.
    #[error("{logical_id}: subscriptions by {protocol} are not delivered locally; email and email-json are")]
    Protocol {
        /// The resource.
        logical_id: String,
        /// As the template says.
        protocol: &'static str,
    },
    /// A resource that only an earlier deployment had cannot be removed.
    #[error("{logical_id}, which the stack has no longer, cannot be removed: {source}")]
    Remove {
        /// The resource.
        logical_id: String,
        /// The error that prevents it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An update that would take a stream away.
    #[error(
        "the stack {stack} has the stream {stream}, which would go with records that may not be delivered. Start with the parameters that \
         it had ({parameters}), and let it end, or delete it by `aws cloudformation delete-stack`; then start it as you like"
    )]
    StreamWouldGo {
        /// The stack.
        stack: String,
        /// The stream's name.
        stream: String,
        /// The parameters that differ, as they were before.
        parameters: String,
    },
    /// A stream.
    #[error("{logical_id}: {source}")]
    Stream {
        /// The resource.
        logical_id: String,
        /// The error of Kinesis.
        source: sluice_kinesis::KinesisError,
    },
    /// A queue.
    #[error("{logical_id}: {source}")]
    Queue {
        /// The resource.
        logical_id: String,
        /// The error of SQS.
        source: sluice_sqs::SqsError,
    },
    /// An event source mapping.
    #[error("{logical_id}: {source}")]
    Mapping {
        /// The resource.
        logical_id: String,
        /// The error of Lambda.
        source: sluice_mappings::MappingError,
    },
    /// `--lambda-endpoint`.
    #[error("--lambda-endpoint: {0}")]
    LambdaEndpoint(#[from] RemoteLambdaError),
}
