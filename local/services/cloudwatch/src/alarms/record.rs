//! The records of alarms.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_clock::Timestamp;
use sluice_metrics::alarm::AlarmState;

/// An alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AlarmRecord {
    /// PutMetricAlarm's request, as it came.
    pub(crate) request: Value,
    pub(crate) configured: Timestamp,
    /// False: the state changes, and nobody is told.
    pub(crate) actions_enabled: bool,
    #[serde(with = "state_name")]
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    /// `StateReasonData`: JSON.
    pub(crate) reason_data: Option<String>,
    pub(crate) state_updated: Timestamp,
}

impl AlarmRecord {
    pub(crate) fn new(request: Value, actions_enabled: bool, now: Timestamp) -> Self {
        Self {
            request,
            configured: now,
            actions_enabled,
            state: AlarmState::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            state_updated: now,
        }
    }
}

mod state_name {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;
    use sluice_metrics::alarm::AlarmState;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(state: &AlarmState, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(state.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AlarmState, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = AlarmState::ALL.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, state)| state)
            .ok_or_else(|| D::Error::custom("no state of an alarm"))
    }
}

/// The kind of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HistoryItemType {
    ConfigurationUpdate,
    StateUpdate,
    Action,
}

impl HistoryItemType {
    pub(crate) const ALL: [(&'static str, Self); 3] = [
        ("ConfigurationUpdate", Self::ConfigurationUpdate),
        ("StateUpdate", Self::StateUpdate),
        ("Action", Self::Action),
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationUpdate => "ConfigurationUpdate",
            Self::StateUpdate => "StateUpdate",
            Self::Action => "Action",
        }
    }
}

/// Something that happened to an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct HistoryItem {
    pub(crate) alarm: String,
    pub(crate) at: Timestamp,
    pub(crate) kind: HistoryItemType,
    pub(crate) summary: String,
    /// `HistoryData`: JSON.
    pub(crate) data: String,
}

/// A change of an alarm's state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    pub(crate) data: Option<String>,
    pub(crate) at: Timestamp,
}

/// The words for one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmNotice {
    /// The alarm's name.
    pub alarm: String,
    /// The action: a topic's ARN.
    pub action: String,
    /// The subject.
    pub subject: String,
    /// The message for programs: JSON.
    pub message: String,
    /// The message for people.
    pub text: String,
}

/// The watch of this process over an alarm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    /// Since when the clock went on without a jump over a period: what was silent before was not listened to.
    pub(crate) since: Timestamp,
    /// The last end of a period at which it was evaluated.
    pub(crate) evaluated: Timestamp,
}
