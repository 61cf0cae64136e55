use sluice_cloud::driver::DriverError;
use sluice_cloud::{MocksError, StartError};

/// The reasons for which a test's runtime does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// The template, a parameter, a binary or the directory: one line that says what to do.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The file of mocks.
    #[error(transparent)]
    Mocks(#[from] MocksError),
    /// A function of the template has no binary.
    #[error("no binary for {names}: {reasons}give it with Builder::binary, or a directory with Builder::functions")]
    NoBinary {
        /// The binaries' names.
        names: String,
        /// The places that were looked at, if any.
        reasons: String,
    },
    /// The operating system gives no directory, thread or connection.
    #[error("{doing}: {source}")]
    System {
        /// The thing that was tried.
        doing: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A call was refused.
    #[error("{operation} was refused with {status}: {body}")]
    Refused {
        /// The operation.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The answer.
        body: String,
    },
    /// A call got no answer.
    #[error("{operation} has no answer: {reason}")]
    NoAnswer {
        /// The operation.
        operation: String,
        /// The reason.
        reason: String,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// There is no such execution.
    #[error("there is no execution {0}")]
    NoExecution(String),
    /// There is no such state machine.
    #[error("there is no state machine {wanted:?}; there are: {known}")]
    NoMachine {
        /// The name that was given.
        wanted: String,
        /// The names that there are.
        known: String,
    },
    /// The runtime's threads are gone.
    #[error("the runtime has stopped")]
    Stopped,
}
