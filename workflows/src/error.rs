use std::fmt;

/// The names of the errors that the tasks raise: what `ErrorEquals` matches.
///
/// ```
/// use sluice_workflows::{DEFINITION, TaskError};
///
/// // The workflow tries this one again.
/// assert_eq!(TaskError::EntryTableUnavailable.as_str(), "EntryTableUnavailable");
/// assert!(DEFINITION.contains("EntryTableUnavailable"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskError {
    /// The event is not what the task takes.
    InvalidEvent,
    /// An environment variable of the function is missing or unusable.
    InvalidSetting,
    /// The entries table did not answer, or is throttled. Worth another try.
    EntryTableUnavailable,
    /// The entries table refused: permissions, table name, data.
    EntryTableRefused,
    /// The approvals table did not answer, or is throttled. Worth another try.
    ApprovalTableUnavailable,
    /// The approvals table refused: permissions, table name, data.
    ApprovalTableRefused,
    /// The submissions table did not answer, or is throttled. Worth another try.
    SubmissionTableUnavailable,
    /// The submissions table refused: permissions, table name, data.
    SubmissionTableRefused,
    /// SNS did not answer, or is throttled. Worth another try.
    MailUnavailable,
    /// SNS refused: permissions, topic, message.
    MailRefused,
    /// A decision taken earlier could not be handed to the new task token. Worth another try.
    DecisionNotDelivered,
    /// As many approvals are open as the stack allows, so nobody is asked about one more.
    TooManyOpenApprovals,
}

impl TaskError {
    /// All names.
    pub const ALL: [TaskError; 12] = [
        TaskError::InvalidEvent,
        TaskError::InvalidSetting,
        TaskError::EntryTableUnavailable,
        TaskError::EntryTableRefused,
        TaskError::ApprovalTableUnavailable,
        TaskError::ApprovalTableRefused,
        TaskError::SubmissionTableUnavailable,
        TaskError::SubmissionTableRefused,
        TaskError::MailUnavailable,
        TaskError::MailRefused,
        TaskError::DecisionNotDelivered,
        TaskError::TooManyOpenApprovals,
    ];

    /// The name as Lambda reports it (`errorType`) and Step Functions matches it.
    pub const fn as_str(self) -> &'static str {
        match self {
            TaskError::InvalidEvent => "InvalidEvent",
            TaskError::InvalidSetting => "InvalidSetting",
            TaskError::EntryTableUnavailable => "EntryTableUnavailable",
            TaskError::EntryTableRefused => "EntryTableRefused",
            TaskError::ApprovalTableUnavailable => "ApprovalTableUnavailable",
            TaskError::ApprovalTableRefused => "ApprovalTableRefused",
            TaskError::SubmissionTableUnavailable => "SubmissionTableUnavailable",
            TaskError::SubmissionTableRefused => "SubmissionTableRefused",
            TaskError::MailUnavailable => "MailUnavailable",
            TaskError::MailRefused => "MailRefused",
            TaskError::DecisionNotDelivered => "DecisionNotDelivered",
            TaskError::TooManyOpenApprovals => "TooManyOpenApprovals",
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
