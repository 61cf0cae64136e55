//! STS, as far as the CLI and deployment tools call it before anything else.

use super::{ApiError, Form, Services, Xml, invalid_action, query_apis};

/// Answers one [STS](https://docs.aws.amazon.com/STS/latest/APIReference/) call.
pub(crate) fn call(services: &Services, action: &str, _form: &Form) -> Result<Xml, ApiError> {
    match action {
        "GetCallerIdentity" => Ok(get_caller_identity(services)),
        _ => Err(invalid_action(&query_apis::STS, action, &["GetCallerIdentity"])),
    }
}

/// Signatures are not verified, so every caller is the account's root.
fn get_caller_identity(services: &Services) -> Xml {
    let account = &services.config.id;
    let mut xml = Xml::default();
    xml.text("Arn", &format!("arn:aws:iam::{account}:root"))
        .text("UserId", account)
        .text("Account", account);
    xml
}
