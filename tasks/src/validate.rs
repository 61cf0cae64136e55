//! Checks one field against its rules.

use sluice_workflows::{Field, ValidateRequest};

/// Runs the validator of `field` as a Lambda function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run(field: Field) -> Result<(), lambda_runtime::Error> {
    sluice_aws::serve(move |request: ValidateRequest, _| async move { Ok(sluice_rules::check(field, request.value)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_counts_as_not_sent() {
        let request: ValidateRequest = serde_json::from_str(r#"{"value": null}"#).unwrap();
        let verdict = sluice_rules::check(Field::Email, request.value);
        assert_eq!(verdict.violations[0].rule, "missing");
        assert_eq!(serde_json::to_value(&verdict).unwrap().get("value"), None);
    }
}
