//! Checks one field against its JSON Schema.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use sluice_aws::Fault;
use sluice_workflows::{Field, TaskError, ValidateRequest, Verdict, Violation};
use thiserror::Error;

/// A schema of the workflow that cannot be used: a mistake in this repository.
#[derive(Debug, Error)]
#[error("the schema of {field} cannot be used: {reason}")]
pub struct SchemaError {
    field: Field,
    reason: String,
}

impl From<SchemaError> for Fault {
    fn from(error: SchemaError) -> Self {
        Fault {
            name: TaskError::InvalidSetting,
            message: error.to_string(),
        }
    }
}

/// The rules of one field, compiled.
pub struct Validator {
    field: Field,
    schema: jsonschema::Validator,
    messages: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Words {
    messages: HashMap<String, String>,
}

impl Validator {
    /// Compiles the schema of `field`. This takes milliseconds, a check microseconds: compile once, before the first
    /// event.
    ///
    /// # Errors
    /// [`SchemaError`] if the schema is broken.
    pub fn new(field: Field) -> Result<Self, SchemaError> {
        let broken = |reason: String| SchemaError { field, reason };
        let schema: Value = serde_json::from_str(field.schema()).map_err(|error| broken(error.to_string()))?;
        let words = Words::deserialize(&schema).map_err(|error| broken(error.to_string()))?;
        let schema = jsonschema::draft202012::new(&schema).map_err(|error| broken(error.to_string()))?;
        Ok(Validator {
            field,
            schema,
            messages: words.messages,
        })
    }

    /// Checks one value. Every broken rule is named; a field that was not sent is a broken rule too.
    pub fn check(&self, request: ValidateRequest) -> Verdict {
        let violations = match &request.value {
            None => vec![self.violation("missing")],
            Some(value) => self
                .schema
                .iter_errors(value)
                .map(|error| self.violation(error.kind().keyword()))
                .collect(),
        };
        Verdict {
            field: self.field,
            ok: violations.is_empty(),
            value: request.value,
            violations,
        }
    }

    fn violation(&self, rule: &str) -> Violation {
        let message = match self.messages.get(rule) {
            Some(words) => words.clone(),
            None => format!("The field {} breaks the rule {rule}.", self.field),
        };
        Violation {
            field: self.field,
            rule: rule.to_owned(),
            message,
        }
    }
}

/// Runs the validator of `field` as a Lambda function.
///
/// # Errors
/// If the schema is broken, or the Runtime API cannot be reached.
pub fn run(field: Field) -> Result<(), lambda_runtime::Error> {
    let validator = Validator::new(field)?;
    let validator = &validator;
    sluice_aws::serve(move |request: ValidateRequest, _| async move { Ok(validator.check(request)) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(field: Field, value: Option<Value>, expected: &[&str]) {
        let verdict = Validator::new(field)
            .unwrap()
            .check(ValidateRequest { value: value.clone() });
        let mut rules: Vec<_> = verdict
            .violations
            .iter()
            .map(|violation| violation.rule.as_str())
            .collect();
        rules.sort_unstable();
        assert_eq!(rules, expected, "{field}: {value:?}");
        assert_eq!(verdict.ok, expected.is_empty());
        assert_eq!((verdict.field, &verdict.value), (field, &value));
        for violation in &verdict.violations {
            assert_eq!(violation.field, field);
            assert!(
                violation.message.ends_with('.') && !violation.message.contains("breaks the rule"),
                "{violation:?}"
            );
        }
    }

    #[test]
    fn a_user_name_needs_something_to_read() {
        let field = Field::UserName;
        for right in ["Rishabh", " a ", "李", "<script>", "\0", &"ä".repeat(256)] {
            check(field, Some(json!(right)), &[]);
        }
        for empty in ["", " ", "\t\n", "\u{3000}"] {
            check(field, Some(json!(empty)), &["pattern"]);
        }
        check(field, Some(json!("a".repeat(257))), &["maxLength"]);
        check(field, Some(json!(" ".repeat(257))), &["maxLength", "pattern"]);
        for other in [json!(1), json!(["a"]), json!({}), json!(true)] {
            check(field, Some(other), &["type"]);
        }
        check(field, None, &["missing"]);
    }

    #[test]
    fn an_email_is_letters_digits_at_letters_digits_dot_com() {
        let field = Field::Email;
        for right in ["rishabh@gmail.com", "a@1.com", "A1b2@X9.com"] {
            check(field, Some(json!(right)), &[]);
        }
        for wrong in [
            "",
            "1a@b.com",
            "a.b@c.com",
            "a@b.org",
            "a@b.com\n",
            "\na@b.com",
            " a@b.com",
            "a@b.com ",
            "a@b.co.com",
            "@b.com",
            "a@.com",
            "a@bxcom",
            "ä@b.com",
            "a@ü.com",
            "a+b@c.com",
            "a@b.COM",
            "a@b.com\0",
            "a@b@c.com",
            "１@b.com",
        ] {
            check(field, Some(json!(wrong)), &["pattern"]);
        }
        let long = |length: usize| format!("{}@b.com", "a".repeat(length - 6));
        check(field, Some(json!(long(254))), &[]);
        check(field, Some(json!(long(255))), &["maxLength"]);
        check(field, Some(json!("é".repeat(255))), &["maxLength", "pattern"]);
        check(field, Some(json!(7)), &["type"]);
        check(field, None, &["missing"]);
    }

    #[test]
    fn a_pincode_is_four_to_six_ascii_digits_as_text() {
        let field = Field::Pincode;
        for right in ["3055", "30550", "305501", "0000"] {
            check(field, Some(json!(right)), &[]);
        }
        for wrong in [
            "",
            "305",
            "3055012",
            "30a5",
            " 3055",
            "3055\n",
            "３０５５",
            "-3055",
            "3055.0",
            "٣٠٥٥",
        ] {
            check(field, Some(json!(wrong)), &["pattern"]);
        }
        check(field, Some(json!(3055)), &["type"]);
        check(field, None, &["missing"]);
    }

    #[test]
    fn null_counts_as_not_sent() {
        let request: ValidateRequest = serde_json::from_value(json!({"value": null})).unwrap();
        let verdict = Validator::new(Field::Email).unwrap().check(request);
        assert_eq!(verdict.violations[0].rule, "missing");
        assert_eq!(serde_json::to_value(&verdict).unwrap().get("value"), None);
    }
}
