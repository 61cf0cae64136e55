//! The protocols of subscriptions.

use serde::{Deserialize, Serialize};

/// The protocols that are delivered on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EmailProtocol {
    /// The message as a mail's text.
    #[serde(rename = "email")]
    Email,
    /// SNS's JSON envelope as a mail's text.
    #[serde(rename = "email-json")]
    EmailJson,
}

impl EmailProtocol {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailJson => "email-json",
        }
    }
}
