//! The configurations of a state machine besides definition and role: logging, tracing, encryption, tags.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_driver::MachineRecord;
use sluice_wire::Constraints;

use crate::StatesError;

/// A resource's limit of tags.
const MAX_TAGS: usize = 50;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    #[serde(default)]
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// `loggingConfiguration`. Kept and shown; nothing is logged to CloudWatch on one machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LoggingConfiguration {
    level: Option<String>,
    include_execution_data: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<Vec<Value>>,
}

/// `tracingConfiguration`. Kept and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TracingConfiguration {
    enabled: bool,
}

/// `encryptionConfiguration`. Kept and shown; there is no KMS on one machine, and nothing is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EncryptionConfiguration {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_data_key_reuse_period_seconds: Option<i64>,
}

/// The time for which a data key may be used again, in seconds.
const REUSE_PERIOD: std::ops::RangeInclusive<i64> = 60..=900;

/// The driver keeps this beside the definition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    pub(crate) logging: LoggingConfiguration,
    pub(crate) tracing: TracingConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<EncryptionConfiguration>,
    pub(crate) tags: Vec<Tag>,
}

impl Attributes {
    /// Reads what was kept; a record that another release wrote differently reads as the defaults.
    pub(crate) fn of(record: &MachineRecord) -> Self {
        serde_json::from_value(record.attributes.clone()).unwrap_or_default()
    }

    /// The form that the driver keeps.
    pub(crate) fn into_value(self) -> Value {
        json!(self)
    }

    /// Adds tags; one of the same key is replaced in its place.
    ///
    /// # Errors
    /// `TooManyTags` beyond 50.
    pub(crate) fn tag(&mut self, tags: Vec<Tag>) -> Result<(), StatesError> {
        for tag in tags {
            match self.tags.iter_mut().find(|known| known.key == tag.key) {
                Some(known) => known.value = tag.value,
                None => self.tags.push(tag),
            }
        }
        if self.tags.len() > MAX_TAGS {
            Err(StatesError::TooManyTags { limit: MAX_TAGS })
        } else {
            Ok(())
        }
    }

    /// Removes tags; keys that are not there count as removed.
    pub(crate) fn untag(&mut self, keys: &[String]) {
        self.tags.retain(|tag| !keys.contains(&tag.key));
    }
}

impl LoggingConfiguration {
    /// # Errors
    /// `InvalidLoggingConfiguration` when something is to be logged and not exactly one place is named.
    pub(crate) fn check(&self) -> Result<(), StatesError> {
        let level = self.level.as_deref().unwrap_or("OFF");
        let mut constraints = Constraints::default();
        let set = [("ALL", true), ("ERROR", true), ("FATAL", true), ("OFF", false)];
        let logs = constraints.choice("loggingConfiguration.level", Some(level), &set, false);
        constraints.finish()?;
        if logs && self.destinations.as_ref().is_none_or(|places| places.len() != 1) {
            let message = "Must specify exactly one Log Destination.";
            return Err(StatesError::InvalidLoggingConfiguration(message.into()));
        }
        Ok(())
    }

    /// The configuration with its defaults.
    pub(crate) fn effective(self) -> Self {
        Self {
            level: Some(self.level.unwrap_or_else(|| "OFF".to_owned())),
            include_execution_data: Some(self.include_execution_data.unwrap_or(false)),
            destinations: self.destinations,
        }
    }
}

const OWNED_KEY: &str = "AWS_OWNED_KEY";
const CUSTOMER_KEY: &str = "CUSTOMER_MANAGED_KMS_KEY";

impl EncryptionConfiguration {
    /// The configuration that is given, or else AWS's own key.
    pub(crate) fn effective(given: Option<Self>) -> Self {
        given.unwrap_or_else(|| Self {
            kind: Some(OWNED_KEY.to_owned()),
            ..Self::default()
        })
    }

    /// # Errors
    /// `InvalidEncryptionConfiguration` for a customer's key that is not named, or a period out of bounds.
    pub(crate) fn check(&self) -> Result<(), StatesError> {
        let mut constraints = Constraints::default();
        let kind = constraints.required("encryptionConfiguration.type", self.kind.clone());
        let set = [(OWNED_KEY, false), (CUSTOMER_KEY, true)];
        let customers =
            self.kind.is_some() && constraints.choice("encryptionConfiguration.type", Some(&kind), &set, false);
        constraints.optional_text("encryptionConfiguration.kmsKeyId", self.kms_key_id.clone(), 1..=2048);
        constraints.finish()?;
        if customers && self.kms_key_id.is_none() {
            let message = format!("kmsKeyId must be specified when type is {CUSTOMER_KEY}");
            return Err(StatesError::InvalidEncryptionConfiguration(message));
        }
        match self.kms_data_key_reuse_period_seconds {
            Some(seconds) if !REUSE_PERIOD.contains(&seconds) => {
                let (least, most) = (REUSE_PERIOD.start(), REUSE_PERIOD.end());
                let message = format!("kmsDataKeyReusePeriodSeconds must be between {least} and {most}");
                Err(StatesError::InvalidEncryptionConfiguration(message))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Checks the keys and values of tags: 1 to 128 and 0 to 256 characters.
pub(crate) fn check_tags(constraints: &mut Constraints, tags: &[Tag]) {
    for (index, tag) in tags.iter().enumerate() {
        constraints.text(
            &format!("tags.{}.member.key", index + 1),
            Some(tag.key.clone()),
            1..=128,
        );
        constraints.text(
            &format!("tags.{}.member.value", index + 1),
            Some(tag.value.clone()),
            0..=256,
        );
    }
}
