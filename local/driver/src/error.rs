//! The driver's errors, by who has to deal with them.

use std::path::PathBuf;

use sluice_engine::Timestamp;
use sluice_storage::{Fault, ReadError, WriteError};

/// The journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or another driver of this one) works on the directory.
    #[error(
        "the data directory {} is in use by another sluice{}; stop that one, or choose another directory with --data",
        .directory.display(), .holder.map(|process| format!(" (process {process})")).unwrap_or_default()
    )]
    Locked {
        /// The data directory.
        directory: PathBuf,
        /// The number of the process that uses it, where it is known.
        holder: Option<u32>,
    },
    /// The directory cannot be made or written to.
    #[error("cannot use the data directory {}: {source}; it must be a directory that this user may write to", .directory.display())]
    Directory {
        /// The data directory.
        directory: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A later release wrote the journal.
    #[error(
        "the journal {} has format {found}, but this sluice knows formats up to {known}; use the newer sluice, or another \
         directory with --data",
        .path.display()
    )]
    NewerFormat {
        /// The journal's file.
        path: PathBuf,
        /// The format found.
        found: i64,
        /// The newest format that this release reads.
        known: i64,
    },
    /// SQLite cannot open, read or migrate the file.
    #[error("cannot open the journal {}: {source}; restore it from a copy, or choose another directory with --data", .path.display())]
    Journal {
        /// The journal's file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The content of the journal makes no sense.
    #[error("cannot read the journal {}: {reason}; restore it from a copy, or choose another directory with --data", .path.display())]
    Unreadable {
        /// The journal's file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// This build was linked with a SQLite that has known faults.
    #[error(
        "this sluice was linked with SQLite {found}, which has known faults; build it without LIBSQLITE3_SYS_USE_PKG_CONFIG, or with \
         SQLite {oldest} or newer"
    )]
    OldSqlite {
        /// The SQLite found.
        found: String,
        /// The oldest that will do.
        oldest: String,
    },
    /// The operating system gives no thread.
    #[error("cannot start the engine's thread: {0}")]
    Thread(std::io::Error),
}

/// The driver cannot do what it was asked for.
///
/// Cloneable, because one failed commit is the answer to everyone whose request was part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The driver was closed.
    #[error("the engine is shutting down; ask again when it is back")]
    Closed,
    /// The journal is damaged or gone, and the engine takes no more work: the process should end
    /// ([`crate::Driver::until_lost`]).
    #[error("the engine has stopped: {reason}")]
    Stopped {
        /// The reason why the journal can no longer be written.
        reason: String,
    },
    /// SQLite failed; nothing of the request has happened.
    #[error("the journal failed ({reason}); nothing of this request was kept, so it may be sent again")]
    Journal {
        /// SQLite's message.
        reason: String,
        /// The kind of fault, which says if trying again may help.
        fault: Fault,
    },
    /// A definition is not a state machine.
    #[error("the definition of {arn} is not valid: {diagnostics}")]
    Definition {
        /// The state machine.
        arn: String,
        /// The faults in it.
        diagnostics: String,
    },
    /// The journal's rows of one execution cannot be read. Others are not affected.
    #[error("the journal's record of execution number {key} cannot be read: {reason}")]
    Unreadable {
        /// The execution's key.
        key: u64,
        /// The reason.
        reason: String,
    },
    /// A value is nested too deeply to be kept.
    #[error("a value is nested {depth} levels deep; the engine takes at most {limit}")]
    TooDeep {
        /// The levels found.
        depth: usize,
        /// The levels allowed.
        limit: usize,
    },
    /// Somebody else decides about the execution. Within the driver only: whoever asked is answered later.
    #[error("execution number {key} is being decided about")]
    Deferred {
        /// The execution's key.
        key: u64,
    },
    /// A query of the journal panicked; nothing is affected but its caller.
    #[error("a query of the journal broke down: {reason}; please report this")]
    Panicked {
        /// The panic's message.
        reason: String,
    },
    /// A page cursor that no page gave out.
    #[error("the cursor {0:?} is not one that a page of this list gave out")]
    InvalidCursor(String),
    /// The engine panicked over one execution.
    #[error(
        "the engine failed on execution number {key}: {reason}; please report this with the state machine's definition"
    )]
    Engine {
        /// The execution's key.
        key: u64,
        /// The panic's message.
        reason: String,
    },
}

impl DriverError {
    /// True when nothing was kept and the same request may work later: the driver or the disk cannot at the moment.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Closed
            | Self::Stopped { .. }
            | Self::Journal {
                fault: Fault::Transient,
                ..
            } => true,
            Self::Journal { .. }
            | Self::Definition { .. }
            | Self::Unreadable { .. }
            | Self::TooDeep { .. }
            | Self::Deferred { .. }
            | Self::InvalidCursor(_)
            | Self::Panicked { .. }
            | Self::Engine { .. } => false,
        }
    }

    pub(crate) fn unreadable(key: u64, reason: impl ToString) -> Self {
        Self::Unreadable {
            key,
            reason: reason.to_string(),
        }
    }

    /// Damage that was met where one execution's record lies: it costs that execution, not the journal.
    pub(crate) fn of_execution(self, key: u64) -> Self {
        match self {
            Self::Journal {
                reason,
                fault: Fault::Permanent,
            } => Self::Unreadable { key, reason },
            other => other,
        }
    }
}

impl From<rusqlite::Error> for DriverError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Journal {
            reason: error.to_string(),
            fault: sluice_storage::classify(&error),
        }
    }
}

impl From<WriteError> for DriverError {
    fn from(error: WriteError) -> Self {
        let WriteError { reason, fault } = error;
        Self::Journal { reason, fault }
    }
}

impl From<ReadError> for DriverError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Closed => Self::Closed,
            ReadError::Panicked(panicked) => Self::Panicked {
                reason: panicked.message,
            },
            ReadError::Sqlite(error) => error.into(),
        }
    }
}

/// StartExecution was refused.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The name was used: by an execution that has ended, or with another input.
    #[error("Execution Already Exists: '{arn}'")]
    AlreadyExists {
        /// The execution that has the name.
        arn: String,
        /// The time at which it was started.
        start_date: Timestamp,
    },
    /// No such state machine.
    #[error("State Machine Does Not Exist: '{arn}'")]
    MachineNotFound {
        /// As asked for.
        arn: String,
    },
    /// The state machine was deleted and its last executions have not ended yet.
    #[error("State Machine is being deleted: '{arn}'")]
    MachineDeleting {
        /// As asked for.
        arn: String,
    },
    /// There is more to do than can be done; what was taken in before is finished first.
    #[error("Rate exceeded")]
    Busy,
    /// The driver failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// A task token was refused.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a task token of this engine.
    #[error("Invalid Token: 'Invalid token'")]
    Invalid,
    /// The attempt is closed: answered, timed out, or its execution has ended.
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TimedOut,
    /// Formed like a token, but no task of this journal has it.
    #[error("Task Does Not Exist: 'Provided task does not exist'")]
    DoesNotExist,
    /// The driver failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// A request about versions or aliases was refused.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// No such state machine.
    #[error("State Machine Does Not Exist: '{arn}'")]
    MachineNotFound {
        /// As asked for.
        arn: String,
    },
    /// The revision to publish is not the current one.
    #[error("the revision {wanted:?} was to be published, but the current one is {current:?}")]
    RevisionChanged {
        /// The one that was to be published.
        wanted: String,
        /// The current one; empty: the initial one.
        current: String,
    },
    /// An alias is to lead to a version that is not there.
    #[error("there is no version {number}")]
    VersionNotFound {
        /// The version's number.
        number: u64,
    },
    /// A version cannot be deleted while aliases lead to it.
    #[error("the version is referenced by the aliases {}", .aliases.join(", "))]
    Referenced {
        /// Their names, the oldest first.
        aliases: Vec<String>,
    },
    /// The name is taken by an alias that leads elsewhere or is described otherwise.
    #[error("there is another alias of that name")]
    AliasExists,
    /// No such alias.
    #[error("there is no such alias")]
    AliasNotFound,
    /// A state machine has as many versions or aliases as it may have.
    #[error("a state machine has at most {limit} {what}")]
    QuotaExceeded {
        /// `versions` or `aliases`.
        what: &'static str,
        /// The most it may have.
        limit: usize,
    },
    /// The driver failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// RedriveExecution was refused.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedriveError {
    /// It runs, succeeded, or is too old or too long to be redriven.
    #[error("Execution is not redrivable: {reason}")]
    NotRedrivable {
        /// The reason.
        reason: String,
    },
    /// The driver failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

impl From<rusqlite::Error> for StartError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error.into())
    }
}

impl From<rusqlite::Error> for TokenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error.into())
    }
}

impl From<rusqlite::Error> for RedriveError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error.into())
    }
}

impl From<rusqlite::Error> for VersionError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error.into())
    }
}

/// Tells the writer whether an error spoils the whole batch (SQLite failed) or only one answer.
pub(crate) trait Failure: From<DriverError> {
    fn driver(&self) -> Option<&DriverError>;
}

impl Failure for DriverError {
    fn driver(&self) -> Option<&DriverError> {
        Some(self)
    }
}

impl Failure for StartError {
    fn driver(&self) -> Option<&DriverError> {
        match self {
            Self::Driver(error) => Some(error),
            Self::AlreadyExists { .. } | Self::MachineNotFound { .. } | Self::MachineDeleting { .. } | Self::Busy => {
                None
            }
        }
    }
}

impl Failure for TokenError {
    fn driver(&self) -> Option<&DriverError> {
        match self {
            Self::Driver(error) => Some(error),
            Self::Invalid | Self::TimedOut | Self::DoesNotExist => None,
        }
    }
}

impl Failure for VersionError {
    fn driver(&self) -> Option<&DriverError> {
        match self {
            Self::Driver(error) => Some(error),
            Self::MachineNotFound { .. }
            | Self::RevisionChanged { .. }
            | Self::VersionNotFound { .. }
            | Self::Referenced { .. }
            | Self::AliasExists
            | Self::AliasNotFound
            | Self::QuotaExceeded { .. } => None,
        }
    }
}

impl Failure for RedriveError {
    fn driver(&self) -> Option<&DriverError> {
        match self {
            Self::Driver(error) => Some(error),
            Self::NotRedrivable { .. } => None,
        }
    }
}
