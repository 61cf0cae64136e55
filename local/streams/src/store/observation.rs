//! Observations of the writing thread.

use crate::{Observation, Timestamp};

/// An observation that is reported once it is on disk.
#[derive(Debug, Clone)]
pub(crate) struct OwnedObservation {
    pub(crate) at: Timestamp,
    pub(crate) kind: ObservationKind,
}

/// The kinds of observations of the writing thread.
#[derive(Debug, Clone)]
pub(crate) enum ObservationKind {
    Put { stream: String, records: u64, bytes: u64 },
    Throttled { stream: String, records: u64 },
    Sent { queue: String, messages: u64, bytes: u64 },
    Received { queue: String, messages: u64 },
    Deleted { queue: String, messages: u64 },
}

impl ObservationKind {
    /// Returns the observation as the observer gets it.
    pub(super) fn observation(&self) -> Observation<'_> {
        match self {
            Self::Put { stream, records, bytes } => Observation::RecordsPut {
                stream,
                records: *records,
                bytes: *bytes,
            },
            Self::Throttled { stream, records } => Observation::RecordsThrottled {
                stream,
                records: *records,
            },
            Self::Sent { queue, messages, bytes } => Observation::MessagesSent {
                queue,
                messages: *messages,
                bytes: *bytes,
            },
            Self::Received { queue, messages } => Observation::MessagesReceived {
                queue,
                messages: *messages,
            },
            Self::Deleted { queue, messages } => Observation::MessagesDeleted {
                queue,
                messages: *messages,
            },
        }
    }
}
