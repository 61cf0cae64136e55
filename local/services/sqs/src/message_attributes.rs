//! The attributes of messages, and their digests.
//! See [message attributes](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::SqsError;
use crate::message_text::is_allowed;

/// The most attributes of a message.
const MOST: usize = 10;

/// Attributes by name, in the order of the digest.
pub(crate) type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// An attribute's members on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct MessageAttribute {
    data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

/// The parts of a message beside its body.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extras {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: MessageAttributes,
    /// The trace header, the one attribute that senders may set for other services.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) system: MessageAttributes,
}

impl Extras {
    /// The text that is kept beside the body.
    pub(crate) fn kept(&self) -> String {
        if self.attributes.is_empty() && self.system.is_empty() {
            return String::new();
        }
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As [`Extras::kept`] wrote it.
    pub(crate) fn of(kept: &str) -> Self {
        serde_json::from_str(kept).unwrap_or_default()
    }
}

impl MessageAttribute {
    pub(crate) fn text(&self) -> Option<&str> {
        self.string_value.as_deref()
    }

    fn is_binary(&self) -> bool {
        self.data_type.split('.').next() == Some("Binary")
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        if self.is_binary() {
            STANDARD.decode(self.binary_value.as_deref()?).ok()
        } else {
            Some(self.string_value.as_deref()?.as_bytes().to_vec())
        }
    }
}

/// Refuses attributes that SQS refuses, and answers how many bytes they take.
pub(crate) fn check(attributes: &MessageAttributes) -> Result<usize, SqsError> {
    if attributes.len() > MOST {
        let message = format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST}].",
            attributes.len()
        );
        return Err(SqsError::InvalidParameterValue(message));
    }
    attributes
        .iter()
        .map(|(name, attribute)| check_one(name, attribute))
        .sum()
}

fn check_one(name: &str, attribute: &MessageAttribute) -> Result<usize, SqsError> {
    let refused = |message: String| Err(SqsError::InvalidParameterValue(message));
    let lower = name.to_ascii_lowercase();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    if name.is_empty() || name.len() > 256 || !plain || dots || reserved {
        return refused(format!("Message (user) attribute name '{name}' is invalid."));
    }
    let kind = attribute.data_type.split('.').next().unwrap_or_default();
    if attribute.data_type.len() > 256 || !["String", "Number", "Binary"].contains(&kind) {
        return refused(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is \
             Binary, Number, and String."
        ));
    }
    if kind == "Number" && attribute.text().is_none_or(|text| text.parse::<f64>().is_err()) {
        return refused(format!(
            "Can't cast the value of message (user) attribute '{name}' to a number."
        ));
    }
    let Some(value) = attribute.bytes().filter(|value| !value.is_empty()) else {
        return refused(format!(
            "The message attribute '{name}' must contain a non-empty message attribute value for message attribute type \
             '{kind}'."
        ));
    };
    if attribute.text().is_some_and(|text| !is_allowed(text)) {
        return Err(SqsError::InvalidMessageContents);
    }
    Ok(name.len() + attribute.data_type.len() + value.len())
}

/// The trace header is the only attribute that a sender may set for other services.
pub(crate) fn check_system(attributes: &MessageAttributes) -> Result<(), SqsError> {
    match attributes
        .iter()
        .find(|(name, one)| *name != "AWSTraceHeader" || one.data_type != "String")
    {
        None => Ok(()),
        Some((name, _)) => Err(SqsError::InvalidParameterValue(format!(
            "Message system attribute name '{name}' is invalid."
        ))),
    }
}

/// The digest that SDKs check: each attribute's name, type, kind of value and value, with their lengths, in the order of the
/// names. None without attributes.
pub(crate) fn digest(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut hasher = Md5::new();
    let part = |hasher: &mut Md5, bytes: &[u8]| {
        hasher.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(bytes);
    };
    for (name, attribute) in attributes {
        part(&mut hasher, name.as_bytes());
        part(&mut hasher, attribute.data_type.as_bytes());
        hasher.update([if attribute.is_binary() { 2 } else { 1 }]);
        part(&mut hasher, &attribute.bytes().unwrap_or_default());
    }
    Some(format!("{:x}", hasher.finalize()))
}

/// Those of the attributes that a receiver asks for: `All`, `.*`, `prefix.*` or names.
pub(crate) fn selected(attributes: MessageAttributes, names: &[String]) -> MessageAttributes {
    let wanted = |name: &str| {
        names.iter().any(|pattern| match pattern.as_str() {
            "All" | ".*" => true,
            pattern => {
                pattern == name
                    || pattern
                        .strip_suffix(".*")
                        .is_some_and(|prefix| name.starts_with(prefix))
            }
        })
    };
    attributes.into_iter().filter(|(name, _)| wanted(name)).collect()
}
