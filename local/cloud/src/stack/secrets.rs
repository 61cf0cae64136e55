//! Secrets of stacks: made once, kept in the journal's store, and put where `{{resolve:secretsmanager:…}}` names them
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html>).

use serde_json::json;
use sluice_driver::{Driver, DriverError};
use sluice_template::{Secret, SecretValue};

/// The kind of the store under which secrets are kept, by their ARNs.
const KIND: &str = "secret";

const OPEN: &str = "{{resolve:";
const CLOSE: &str = "}}";

/// A secret that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The journal.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(String),
    /// A dynamic reference that is not understood. The text of what it names is no part of it.
    #[error(
        "the dynamic reference {0} is not understood: write {{{{resolve:secretsmanager:ARN}}}} of a secret of a stack"
    )]
    Reference(String),
    /// No stack has the secret.
    #[error("there is no secret {0}")]
    Missing(String),
}

/// Makes a secret; one that is generated is generated once, and stays.
pub(super) async fn make(driver: &Driver, secret: &Secret) -> Result<(), SecretError> {
    match &secret.value {
        SecretValue::Given(text) => driver.store().put(KIND, &secret.arn, json!(text)).await?,
        SecretValue::Generated { length, punctuation } => {
            let text = generated(*length, *punctuation)?;
            // One that is there already stays as it is.
            driver.store().put_if_absent(KIND, &secret.arn, json!(text)).await?;
        }
    }
    Ok(())
}

/// Forgets a secret that is deleted.
pub(super) async fn forget(driver: &Driver, arn: &str) -> Result<(), DriverError> {
    driver.store().remove(KIND, arn).await.map(|_| ())
}

/// The text with the secrets in the place of the references that name them.
pub(super) async fn resolved(driver: &Driver, text: &str) -> Result<String, SecretError> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (reference, behind) = after
            .split_once(CLOSE)
            .ok_or_else(|| SecretError::Reference(format!("{OPEN}{after}")))?;
        let arn = secret_arn(reference).ok_or_else(|| SecretError::Reference(format!("{OPEN}{reference}{CLOSE}")))?;
        let value = driver.store().get(KIND, &arn).await?;
        let value = value.as_ref().and_then(|value| value.as_str());
        resolved.push_str(before);
        resolved.push_str(value.ok_or(SecretError::Missing(arn))?);
        rest = behind;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// The ARN in `secretsmanager:ARN`, with or without `:SecretString` behind it.
fn secret_arn(reference: &str) -> Option<String> {
    /// `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`
    const PARTS: usize = 7;
    let arn = reference.strip_prefix("secretsmanager:")?;
    let parts: Vec<&str> = arn.split(':').collect();
    let (arn, behind) = parts.split_at_checked(PARTS)?;
    let whole = behind.iter().all(|part| part.is_empty() || *part == "SecretString");
    (whole && arn.first() == Some(&"arn")).then(|| arn.join(":"))
}

fn generated(length: u32, punctuation: bool) -> Result<String, SecretError> {
    const PLAIN: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const ALL: &[u8] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    let alphabet = if punctuation { ALL } else { PLAIN };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    // Bytes beyond the last whole multiple would favour the first characters.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(|error| SecretError::Random(error.to_string()))?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        text.extend(
            fair.map(|byte| char::from(alphabet[byte % alphabet.len()]))
                .take(length - text.len()),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_whole_secret() {
        const ARN: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:S-abc";
        for (reference, expected) in [
            (format!("secretsmanager:{ARN}"), Some(ARN)),
            (format!("secretsmanager:{ARN}:SecretString"), Some(ARN)),
            (format!("secretsmanager:{ARN}:SecretString:::"), Some(ARN)),
            (format!("secretsmanager:{ARN}:SecretString:password"), None),
            ("secretsmanager:name".to_owned(), None),
            ("ssm:/a/b".to_owned(), None),
        ] {
            assert_eq!(secret_arn(&reference).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn what_is_generated_has_its_length_and_characters() {
        for (length, punctuation) in [(1, false), (64, false), (200, true)] {
            let text = generated(length, punctuation).unwrap();
            assert_eq!(text.len(), usize::try_from(length).unwrap());
            assert!(
                punctuation || text.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{text}"
            );
            assert!(
                text.len() <= 8 || text != generated(length, punctuation).unwrap(),
                "twice the same"
            );
        }
    }
}
