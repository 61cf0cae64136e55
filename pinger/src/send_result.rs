//! The result of sending a submission, as far as the one who sent it can see.

use std::fmt;

/// The result of sending one submission.
pub type SendResult = Result<Answer, Failure>;

/// An answer of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// `201`: stored.
    Stored,
    /// `202`: taken in, and waiting for an admin or not finished yet.
    Accepted,
    /// `400`: refused.
    Refused,
    /// `409`: the idempotency key belongs to other fields.
    Conflict,
    /// `503`: not taken in, too busy.
    Unavailable,
    /// Any other status.
    Other(u16),
    /// The stream has the record.
    Put,
}

impl Answer {
    /// The answer that an HTTP status is.
    pub fn from_status(status: u16) -> Self {
        match status {
            201 => Answer::Stored,
            202 => Answer::Accepted,
            400 => Answer::Refused,
            409 => Answer::Conflict,
            503 => Answer::Unavailable,
            other => Answer::Other(other),
        }
    }
}

impl fmt::Display for Answer {
    /// The status, or `put`: the names in the summary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Stored => f.write_str("201"),
            Answer::Accepted => f.write_str("202"),
            Answer::Refused => f.write_str("400"),
            Answer::Conflict => f.write_str("409"),
            Answer::Unavailable => f.write_str("503"),
            Answer::Other(status) => write!(f, "{status}"),
            Answer::Put => f.write_str("put"),
        }
    }
}

/// No usable answer. Whether the submission took effect is not known, unless the kind says that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The failure in words, for a person.
    pub message: String,
}

/// The kinds of failure that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// The host has no address.
    Dns,
    /// Nobody listens at the address.
    ConnectionRefused,
    /// No way to the address, or no answer from it to the attempt to connect.
    Unreachable,
    /// No trust or no common language (TLS).
    Tls,
    /// The connection could not be made for another reason.
    Connect,
    /// The connection ended before the answer did.
    ConnectionLost,
    /// The answer is no HTTP.
    Protocol,
    /// No answer in time.
    Timeout,
    /// Kinesis did not take the record: too much for a shard or the account.
    Throttled,
    /// Kinesis did not take the record: a fault of its own.
    ServiceFault,
    /// Kinesis did not take the record, and would not again: no such stream, no permission.
    ServiceRefused,
}

impl FailureKind {
    /// The name in the summary.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureKind::Dns => "dns",
            FailureKind::ConnectionRefused => "connection_refused",
            FailureKind::Unreachable => "unreachable",
            FailureKind::Tls => "tls",
            FailureKind::Connect => "connect",
            FailureKind::ConnectionLost => "connection_lost",
            FailureKind::Protocol => "protocol",
            FailureKind::Timeout => "timeout",
            FailureKind::Throttled => "throttled",
            FailureKind::ServiceFault => "service_fault",
            FailureKind::ServiceRefused => "service_refused",
        }
    }

    /// Tells whether a target that never answered before will not answer later either, as far as one can tell.
    pub const fn is_lasting(self) -> bool {
        match self {
            FailureKind::Dns
            | FailureKind::ConnectionRefused
            | FailureKind::Unreachable
            | FailureKind::Tls
            | FailureKind::Connect
            | FailureKind::Protocol
            | FailureKind::ServiceRefused => true,
            FailureKind::ConnectionLost | FailureKind::Timeout | FailureKind::Throttled | FailureKind::ServiceFault => {
                false
            }
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_named_by_its_status() {
        for status in 100..600 {
            assert_eq!(Answer::from_status(status).to_string(), status.to_string());
        }
    }
}
