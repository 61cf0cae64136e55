//! The configuration of a start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sluice_driver::WorkerCommand;
use sluice_integrations::Mocks;
use sluice_quotas::Profile;

use crate::stack::Binaries;

/// The configuration of a start.
#[derive(Debug, Clone)]
pub struct CloudConfig {
    /// The directory of everything durable; made if it is not there.
    pub data: PathBuf,
    /// The address of the AWS endpoint and the console. Function URLs take the ports after it, or any with port 0.
    pub listen: SocketAddr,
    /// The binaries of functions and containers.
    pub binaries: Binaries,
    /// The endpoint for invocations of functions that no stack has.
    pub lambda_endpoint: Option<String>,
    /// The command of a process that makes costly evaluations: it calls [`crate::serve_evaluations`].
    pub worker: Option<WorkerCommand>,
    /// Names of this machine besides `localhost` that requests may address: a tunnel's, a container's. One that begins
    /// with a dot stands for all names under it.
    pub allowed_hosts: Vec<String>,
    /// The time for which executions are kept after their end, and mails and function logs.
    pub keep: Duration,
    /// AWS's quotas that hold here too; none without them.
    pub quotas: Option<Profile>,
    /// The results that a file gives tasks in place of calls.
    pub mocks: Option<Arc<Mocks>>,
    /// Hosts besides this machine that `http:invoke` may call; one that begins with a dot stands for all names under it.
    pub http_hosts: Vec<String>,
    /// The server through which mails are sent for real; none: they stay in the inbox.
    pub smtp: Option<sluice_smtp::Server>,
}
