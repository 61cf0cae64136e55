//! The Lambda host: the Runtime API to real processes, warm reuse, scaling, timeouts, logs, function URLs.
//!
//! A [`Host`] runs each function as processes of this machine that speak the
//! [Lambda Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) over a loopback
//! listener of their own. Instances are reused, the warmest first; more are started when requests wait
//! and more would help, up to limits. A request waits for an instance for some seconds; then, or at once when it can be reckoned
//! that it would wait longer, it is refused as Lambda refuses one beyond its limits. A process that the machine cannot start
//! for want of files, memory or processes fails no request: they wait for the instances that there are. Crashes, timeouts and
//! oversized payloads are reported as Lambda reports them, and each invocation's log is kept. [`Host::serve_url`] puts a function
//! behind HTTP as a function URL does.
//!
//! Beside functions it runs tasks ([`Host::run_tasks`]): processes that are kept at their number, as a service of ECS keeps
//! containers.
//!
//! What differs from Lambda:
//! - Processes are not frozen between invocations: a background thread of a function goes on.
//! - `MemorySize` is reported, not enforced. A failed init is not tried a second time for the same request.
//! - There is no Extensions API, no Telemetry API, no response streaming to the caller (a streamed
//!   response is gathered and passed on whole), and no asynchronous invocation queue.
//! - A function URL with `AWS_IAM` asks for a SigV4 `Authorization` header and does not verify it.

mod account;
mod config;
mod context;
mod deadline;
mod environment;
mod error;
mod family;
mod function;
mod functions;
mod growth;
mod guard;
mod host;
mod instance;
mod invocation;
mod logs;
mod memory;
mod observer;
mod open_files;
mod peer;
mod platform;
mod pool;
mod process;
mod registry;
mod runtime_api;
mod shared;
mod shortage;
mod tasks;
mod url;

pub use account::AccountLimits;
pub use config::{Clock, Credentials, FunctionSpec, HostConfig, IdSource, StartCheck};
pub use error::{HostError, InvokeError, ThrottleReason};
pub use function::FunctionLoad;
pub use functions::Functions;
pub use host::Host;
pub use invocation::{FunctionError, Invocation, InvokeOutput, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
pub use logs::{InvocationStatus, LogQuery, LogRecord};
pub use observer::{LoggedRecord, Observer, UrlResponse};
pub use open_files::OpenFiles;
pub use tasks::{ContainerLog, ContainerSpec, TaskSet, TaskSpec};
pub use url::{AuthType, Cors, UrlSpec};
