use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Field;

/// A submission as it was sent: the input of an execution.
///
/// A field that was not sent is absent. Values are kept as they came, text or not: the validators say what is wrong
/// with them. The order of the fields is fixed, so that the same submission is the same bytes; StartExecution
/// compares bytes when a name is used again.
///
/// ```
/// use serde_json::json;
/// use sluice_workflows::{Field, Submission};
///
/// let mut submission = Submission::default();
/// submission.set(Field::Pincode, json!("0305"));
/// submission.set(Field::UserName, json!("Ada"));
/// // The order is the fields' own, not that of the calls.
/// assert_eq!(serde_json::to_string(&submission)?, r#"{"user_name":"Ada","pincode":"0305"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// The name as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<Value>,
    /// The e-mail address as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Value>,
    /// The pincode as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pincode: Option<Value>,
}

impl Submission {
    /// The value of `field`, if it was sent.
    pub fn get(&self, field: Field) -> Option<&Value> {
        match field {
            Field::UserName => self.user_name.as_ref(),
            Field::Email => self.email.as_ref(),
            Field::Pincode => self.pincode.as_ref(),
        }
    }

    /// Puts `value` into `field` and returns what was there.
    pub fn set(&mut self, field: Field, value: Value) -> Option<Value> {
        let slot = match field {
            Field::UserName => &mut self.user_name,
            Field::Email => &mut self.email,
            Field::Pincode => &mut self.pincode,
        };
        slot.replace(value)
    }

    /// Tells whether no field was sent.
    pub fn is_empty(&self) -> bool {
        Field::ALL.into_iter().all(|field| self.get(field).is_none())
    }

    /// `field` as text: the string itself, or any other value as compact JSON; `None` if it was not sent.
    pub fn text(&self, field: Field) -> Option<String> {
        self.get(field).and_then(text)
    }
}

/// The input of an execution: the fields, and their hash.
///
/// The hash tells two submissions under one id apart once the execution has ended, and its input is no longer read.
/// One that was started by hand may lack it.
///
/// ```
/// use sluice_workflows::{ExecutionInput, Submission};
///
/// let submission: Submission = serde_json::from_str(r#"{"pincode": "0305"}"#)?;
/// let input = ExecutionInput { submission, input_hash: Some("abc".to_owned()) };
/// assert_eq!(serde_json::to_string(&input)?, r#"{"pincode":"0305","input_hash":"abc"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExecutionInput {
    /// The fields.
    #[serde(flatten)]
    pub submission: Submission,
    /// The SHA-256 of the fields as JSON, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_hash: Option<String>,
}

/// A value as text for people and for the entry: a string itself, `null` as absent, anything else as compact JSON.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_input_holds_only_what_was_sent_in_a_fixed_order() {
        let mut submission = Submission::default();
        assert!(submission.is_empty());
        submission.set(Field::Pincode, json!("0305"));
        submission.set(Field::UserName, json!("Ada"));
        assert_eq!(
            serde_json::to_string(&submission).unwrap(),
            r#"{"user_name":"Ada","pincode":"0305"}"#
        );
        assert!(!submission.is_empty());
    }

    #[test]
    fn values_that_are_not_text_pass_as_they_are() {
        let mut submission = Submission::default();
        submission.set(Field::Pincode, json!(3055));
        submission.set(Field::Email, Value::Null);
        assert_eq!(
            serde_json::to_string(&submission).unwrap(),
            r#"{"email":null,"pincode":3055}"#
        );
        assert_eq!(submission.text(Field::Pincode).as_deref(), Some("3055"));
        assert_eq!(submission.text(Field::Email), None);
    }
}
