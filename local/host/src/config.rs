//! The settings of a host and of its functions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::account::AccountLimits;
use crate::observer::{Observer, Unobserved};
use crate::open_files::OpenFiles;

/// The source of request ids and of the ids in log stream names.
pub type IdSource = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// Milliseconds since the Unix epoch. It may be ahead of the wall clock; real deadlines never use it.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Asked before each process of the function with this name is started; an error counts as the operating system's own.
pub type StartCheck = Arc<dyn Fn(&str) -> std::io::Result<()> + Send + Sync>;

/// The credentials that instances find in their environment.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            access_key_id: "ASIALOCALLOCALLOCAL0".into(),
            secret_access_key: "local".into(),
            session_token: "local".into(),
        }
    }
}

/// The settings of a [`Host`](crate::Host).
#[derive(Clone)]
pub struct HostConfig {
    /// The region in the environment of instances.
    pub region: String,
    /// The credentials given to every instance.
    pub credentials: Credentials,
    /// The directory of the functions' log files; `None` keeps logs in memory only.
    pub log_dir: Option<PathBuf>,
    /// The most instances of one function. Reserved concurrency can only lower it.
    pub max_instances_per_function: usize,
    /// The most instances of all functions together. Above it requests wait.
    pub max_instances: usize,
    /// The most requests of one function that wait for an instance. Above it they are throttled.
    pub max_queued: usize,
    /// The longest time a request waits for an instance before it is throttled. One that waits for the start of its function's
    /// process waits as long as that may take.
    pub max_wait: Duration,
    /// The processors that instances share.
    pub cores: usize,
    /// The check before a process is started.
    pub may_start: StartCheck,
    /// The time an instance may be idle before it is stopped; one per function always stays.
    pub idle_timeout: Duration,
    /// The time a process may take from its start to its first `/next`.
    pub init_timeout: Duration,
    /// The time a request waits, while instances of its function run, before one more is started.
    pub scale_up_wait: Duration,
    /// The source of ids.
    pub ids: IdSource,
    /// The clock of log records and function URL events.
    pub now: Clock,
    /// The receiver of reports of what functions did.
    pub observer: Arc<dyn Observer>,
    /// The limits of the account that hold here too; none without them.
    pub account: Option<Arc<dyn AccountLimits>>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            region: "us-east-1".into(),
            credentials: Credentials::default(),
            log_dir: None,
            max_instances_per_function: 64,
            max_instances: OpenFiles::of_process().instances().min(128),
            max_queued: 10_000,
            max_wait: Duration::from_secs(4),
            cores: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            may_start: Arc::new(|_| Ok(())),
            idle_timeout: Duration::from_secs(15),
            init_timeout: Duration::from_secs(10),
            scale_up_wait: Duration::from_millis(5),
            ids: Arc::new(Uuid::new_v4),
            now: Arc::new(wall_clock_ms),
            observer: Arc::new(Unobserved),
            account: None,
        }
    }
}

/// Milliseconds since the Unix epoch by this machine's clock.
pub(crate) fn wall_clock_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// One function, as `CreateFunction` describes it.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The name, 1 to 64 letters, digits, `-` and `_`.
    pub name: Arc<str>,
    /// The unqualified ARN.
    pub arn: Arc<str>,
    /// The version that runs: `$LATEST`.
    pub version: Arc<str>,
    /// The program to start: the `bootstrap` of a custom runtime.
    pub binary: PathBuf,
    /// The function's own environment variables.
    pub environment: BTreeMap<String, String>,
    /// The time one invocation may take.
    pub timeout: Duration,
    /// `MemorySize` in MB. Reported, not enforced.
    pub memory_mb: u32,
    /// Reserved concurrency: above it requests are throttled; 0 throttles all.
    pub reserved_concurrency: Option<u32>,
    /// The description.
    pub description: String,
    /// The handler's name, given as `_HANDLER`.
    pub handler: String,
    /// The runtime's identifier.
    pub runtime: String,
    /// The log group's name.
    pub log_group: String,
    /// Instances started with the function, before the first request.
    pub prewarm: u32,
}

impl FunctionSpec {
    /// A function with Lambda's defaults: 3 s, 128 MB, `provided.al2023`, log group `/aws/lambda/<name>`.
    pub fn new(name: &str, arn: &str, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            arn: arn.into(),
            version: "$LATEST".into(),
            binary: binary.into(),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            reserved_concurrency: None,
            description: String::new(),
            handler: "bootstrap".into(),
            runtime: "provided.al2023".into(),
            log_group: format!("/aws/lambda/{name}"),
            prewarm: 0,
        }
    }
}
