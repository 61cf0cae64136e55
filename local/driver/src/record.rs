//! The requests to the driver and its answers.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_engine::{AttemptId, Identity, MapRunReport, Outcome, Status, Timestamp};

/// The two workflow types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MachineKind {
    /// Durable, up to a year, with a history.
    Standard,
    /// Up to five minutes; no history, no callbacks.
    Express,
}

impl MachineKind {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Express => "EXPRESS",
        }
    }
}

/// A state machine as it was last created or updated.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineRecord {
    /// `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: MachineKind,
    /// The role it runs under.
    pub role_arn: String,
    /// The definition's text.
    pub definition: Arc<str>,
    /// `revisionId` of this definition and role.
    pub revision_id: String,
    /// `creationDate`.
    pub created: Timestamp,
    /// `updateDate`.
    pub updated: Timestamp,
    /// The attributes that only the wire layer knows: logging, tracing, encryption, tags.
    pub attributes: Value,
}

/// The result of putting a state machine.
#[derive(Debug, Clone, PartialEq)]
pub enum PutMachineResult {
    /// It is new.
    Created,
    /// It took the place of an older one; executions that run keep the definition they started with.
    Replaced,
    /// Only if absent, and it is there: this is it.
    Exists(Box<MachineRecord>),
}

/// The part of a state machine's ARN that names a version or an alias, after a colon.
///
/// ```
/// use sluice_driver::Qualifier;
///
/// assert_eq!(Qualifier::parse("7"), Qualifier::Version(7));
/// assert_eq!(Qualifier::parse("live"), Qualifier::Alias("live".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Qualifier {
    /// A version, by its number.
    Version(u64),
    /// An alias, by its name.
    Alias(String),
}

impl Qualifier {
    /// The qualifier that a text is: all digits, a version; anything else, an alias.
    pub fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Self::Version(number),
            _ => Self::Alias(text.to_owned()),
        }
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(number) => write!(f, "{number}"),
            Self::Alias(name) => f.write_str(name),
        }
    }
}

/// A version of a state machine: what it was when the version was published.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRecord {
    /// Its number.
    pub number: u64,
    /// `description`.
    pub description: Option<String>,
    /// `creationDate` of the version.
    pub created: Timestamp,
    /// The state machine as it was published.
    pub machine: MachineRecord,
}

/// One line of a list of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionSummary {
    /// Its number.
    pub number: u64,
    /// `creationDate`.
    pub created: Timestamp,
}

/// One route of an alias: a version, and its share of the executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The version's number.
    pub version: u64,
    /// Out of 100.
    pub weight: u8,
}

/// An alias of a state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasRecord {
    /// Its number: larger ones were created later.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// One or two versions; the weights' sum is 100.
    pub routes: Vec<Route>,
    /// `creationDate`.
    pub created: Timestamp,
    /// `updateDate`.
    pub updated: Timestamp,
}

/// StartExecution.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)
#[derive(Debug, Clone, PartialEq)]
pub struct StartExecution {
    /// The state machine, without version or alias.
    pub machine_arn: String,
    /// The execution's name; none: a UUID.
    pub name: Option<String>,
    /// The input.
    pub input: Value,
    /// The input as it was written: the same name may be sent again only with the same text.
    pub input_text: String,
    /// `traceHeader`.
    pub trace_header: Option<String>,
    /// The version or alias to start it by; none: the state machine as it is now.
    pub qualifier: Option<Qualifier>,
}

impl StartExecution {
    /// An execution of `machine_arn` with a name of its own and this input; the input's text is its compact form.
    pub fn new(machine_arn: impl Into<String>, input: Value) -> Self {
        Self {
            machine_arn: machine_arn.into(),
            name: None,
            input_text: input.to_string(),
            input,
            trace_header: None,
            qualifier: None,
        }
    }

    /// The same with a name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// StopExecution.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopExecution {
    /// The execution's ARN, or that of a child execution of a Map Run.
    pub arn: String,
    /// The error that it ends with.
    pub error: Option<String>,
    /// The cause that it ends with.
    pub cause: Option<String>,
}

impl StopExecution {
    /// Stops the execution with this ARN, without an error and a cause.
    pub fn new(arn: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            error: None,
            cause: None,
        }
    }
}

/// RedriveExecution.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveExecution {
    /// The execution's ARN.
    pub arn: String,
    /// The token that makes a repeated request the same redrive.
    pub client_token: Option<String>,
}

/// A worker's claim to the task of an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimTask {
    /// The key of the task's execution.
    pub key: u64,
    /// The task's attempt.
    pub attempt: AttemptId,
    /// The worker's name.
    pub worker: Option<String>,
}

/// PublishStateMachineVersion.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishVersion {
    /// The state machine's ARN.
    pub machine_arn: String,
    /// The revision that has to be the current one (empty: the initial one); none: any.
    pub revision_id: Option<String>,
    /// `description`.
    pub description: Option<String>,
}

/// CreateStateMachineAlias.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAlias {
    /// The state machine's ARN.
    pub machine_arn: String,
    /// The alias's name.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// One or two versions; the weights' sum is 100.
    pub routes: Vec<Route>,
}

/// UpdateStateMachineAlias.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachineAlias.html)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateAlias {
    /// The state machine's ARN.
    pub machine_arn: String,
    /// The alias's name.
    pub name: String,
    /// The new `description`; none: as it was.
    pub description: Option<String>,
    /// The new routes; none: as they were.
    pub routes: Option<Vec<Route>>,
}

/// The answer to StartExecution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The execution's ARN.
    pub arn: String,
    /// `startDate`.
    pub start_date: Timestamp,
    /// It was running already, with the same name and input.
    pub existing: bool,
}

/// All about one execution but its history.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionRecord {
    /// The identity.
    pub identity: Arc<Identity>,
    /// Its status.
    pub status: Status,
    /// `startDate`.
    pub start_date: Timestamp,
    /// `stopDate`, once it has ended.
    pub stop_date: Option<Timestamp>,
    /// Its input.
    pub input: Arc<Value>,
    /// The outcome, if it has ended.
    pub outcome: Option<Outcome>,
    /// Since when it waits for a task token (the longest, if for several).
    pub waiting_since: Option<Timestamp>,
    /// The state that waits.
    pub waiting_state: Option<String>,
    /// The definition it runs: see [`Machines::definition`](crate::Machines::definition).
    pub definition_id: i64,
    /// `revisionId` of its state machine when it started.
    pub revision_id: String,
    /// The version it was started by.
    pub version_arn: Option<String>,
    /// The alias it was started by.
    pub alias_arn: Option<String>,
    /// `traceHeader`.
    pub trace_header: Option<String>,
    /// The number of times that it was redriven.
    pub redrive_count: u64,
    /// The time at which it was redriven last.
    pub redriven_at: Option<Timestamp>,
    /// The Map Run that started it, if it is a child execution; its identity's key is that of the execution that holds its log.
    pub child: Option<ChildOf>,
}

/// The Map Run that a child execution belongs to, and its Map state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildOf {
    /// The Map Run.
    pub map_run_arn: Arc<str>,
    /// The name of the Map state.
    pub state: Arc<str>,
    /// Its history has no room for a redrive.
    pub full: bool,
}

/// A Map Run.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRunRecord {
    /// The counts of its items and executions, and its status.
    pub report: MapRunReport,
    /// The number of its executions that were unsuccessful and cannot be redriven.
    pub executions_not_redrivable: u64,
    /// The number of items that they have.
    pub items_not_redrivable: u64,
}

/// One line of a list of a Map Run's child executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildRecord {
    /// The number of the execution that holds its log.
    pub execution: u64,
    /// Its number in that log: larger ones started later.
    pub number: u32,
    /// Its ARN.
    pub arn: String,
    /// Its status.
    pub status: Status,
    /// `startDate`.
    pub start: Timestamp,
    /// `stopDate`, unless it is at work.
    pub stop: Option<Timestamp>,
    /// The number of items that it has.
    pub items: u64,
    /// The number of times that it was redriven.
    pub redrive_count: u64,
    /// The time at which it was redriven last.
    pub redriven_at: Option<Timestamp>,
    /// The number of the fact that changed any of this last.
    pub changed: u32,
}

/// The choice of child executions to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildFilter {
    /// Their Map Run.
    pub map_run_arn: String,
    /// Only those that were redriven; or, if false, only those that were not.
    pub redriven: Option<bool>,
    /// Only those with this status.
    pub status: Option<Status>,
    /// The cursor that the page before gave.
    pub after: Option<String>,
    /// The most to list.
    pub limit: usize,
}

/// One line of a list of executions.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionSummary {
    /// Its number: larger ones were started later.
    pub key: u64,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its state machine.
    pub machine_arn: String,
    /// Its status.
    pub status: Status,
    /// `startDate`.
    pub start_date: Timestamp,
    /// `stopDate`, once it has ended.
    pub stop_date: Option<Timestamp>,
    /// Since when it waits for a task token.
    pub waiting_since: Option<Timestamp>,
    /// The state that waits.
    pub waiting_state: Option<String>,
    /// The version it was started by.
    pub version_arn: Option<String>,
    /// The alias it was started by.
    pub alias_arn: Option<String>,
    /// The number of times that it was redriven.
    pub redrive_count: u64,
    /// The time at which it was redriven last.
    pub redriven_at: Option<Timestamp>,
}

/// The choice of executions to list, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionFilter {
    /// Only those of this state machine.
    pub machine_arn: Option<String>,
    /// Only those of this state machine that were started by this version or alias of it.
    pub qualifier: Option<Qualifier>,
    /// Only those that were redriven; or, if false, only those that were not.
    pub redriven: Option<bool>,
    /// Only those with this status.
    pub status: Option<Status>,
    /// Only those that wait for a task token.
    pub waiting: bool,
    /// Only those that ended then or later.
    pub ended_since: Option<Timestamp>,
    /// The cursor that the page before gave.
    pub after: Option<String>,
    /// The most to list; 0 counts as 100.
    pub limit: usize,
}

/// A place in the order of ends: executions that ended at the same time come by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndMark {
    /// The time of an end.
    pub stop: Timestamp,
    /// The key of the execution.
    pub key: u64,
}

/// Executions of a machine that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// Their ends, the earliest first.
    pub ends: Vec<EndMark>,
    /// The last end that was looked at, be it of another machine: the mark to go on behind.
    pub last: Option<EndMark>,
    /// There may be more behind it.
    pub more: bool,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// The token to ask for the next part with; none: this was the last.
    pub next: Option<String>,
}

/// The direction of a scan by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// The work that a restart found to go on with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Executions that had calls in flight.
    pub executions: u64,
    /// Calls that were sent again.
    pub tasks: u64,
    /// Executions whose record cannot be read; the log says which.
    pub unreadable: u64,
}

/// Figures since the driver was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Facts on disk.
    pub facts: u64,
    /// Commits they took.
    pub commits: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Executions started.
    pub started: u64,
    /// Executions that ended.
    pub ended: u64,
    /// Ended executions that were deleted, since their time was over.
    pub deleted: u64,
    /// Answers to attempts that were closed already.
    pub stale_answers: u64,
    /// Executions in memory now.
    pub loaded: u64,
    /// Requests that wait for the engine now.
    pub queued: u64,
}
