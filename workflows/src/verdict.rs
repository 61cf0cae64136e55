use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Field;

/// The payload of a validator: one value, or none if the field was not sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ValidateRequest {
    /// The value as sent. `null` counts as not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// The answer of a validator about one field. A field that breaks a rule is a verdict, never an error.
///
/// ```
/// use serde_json::json;
/// use sluice_workflows::{Field, Verdict};
///
/// let verdict: Verdict = serde_json::from_value(json!({
///     "field": "pincode", "ok": false, "value": 12,
///     "violations": [{"field": "pincode", "rule": "type", "message": "The pincode must be text."}],
/// }))?;
/// assert_eq!(verdict.field, Field::Pincode);
/// assert_eq!(verdict.text().as_deref(), Some("12"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The field that was checked.
    pub field: Field,
    /// True if the field keeps all its rules.
    pub ok: bool,
    /// The value as it was sent; absent if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Every rule that is broken; empty when `ok`.
    pub violations: Vec<Violation>,
}

impl Verdict {
    /// The value as text: a string itself, any other value as compact JSON, `None` if it was not sent.
    pub fn text(&self) -> Option<String> {
        self.value.as_ref().and_then(crate::submission::text)
    }
}

/// One broken rule, in words that a submitter understands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The field that breaks the rule.
    pub field: Field,
    /// The rule: a keyword of the field's schema, or `missing`.
    pub rule: String,
    /// Says what is wrong and what would be right.
    pub message: String,
}
