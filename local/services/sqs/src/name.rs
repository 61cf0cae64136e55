//! Names of queues, and where they appear: in URLs and ARNs.

use sluice_wire::Arn;

use crate::SqsError;

/// The URL of a queue, as `Ref` gives it: `http://127.0.0.1:4566/000000000000/NAME`, for an endpoint without a path.
pub fn queue_url(endpoint: &str, account: &str, name: &str) -> String {
    format!("{}/{account}/{name}", endpoint.trim_end_matches('/'))
}

/// The name in a queue's URL, behind the account. The host does not matter, as the endpoint has many names; a name
/// without anything around it is taken as well, as SQS does.
pub(crate) fn name_in_url(account: &str, url: Option<String>) -> Result<String, SqsError> {
    let url = url
        .filter(|url| !url.is_empty())
        .ok_or(SqsError::MissingParameter("QueueUrl"))?;
    let mut parts = url.rsplit('/');
    let name = parts.next().unwrap_or_default().to_owned();
    match parts.next() {
        Some(owner) if owner != account => Err(SqsError::QueueDoesNotExist),
        _ => Ok(name),
    }
}

/// The name in the ARN of a queue.
pub fn name_in_arn(arn: &str) -> Option<&str> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "sqs")?;
    is_name(arn.resource).then_some(arn.resource)
}

fn is_name(name: &str) -> bool {
    (1..=80).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Refuses what is no name of a standard queue.
pub(crate) fn check(name: &str) -> Result<(), SqsError> {
    if is_name(name) {
        return Ok(());
    }
    if name.ends_with(".fifo") {
        return Err(no_fifo());
    }
    let message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    Err(SqsError::InvalidParameterValue(message.to_owned()))
}

pub(crate) fn no_fifo() -> SqsError {
    SqsError::UnsupportedOperation(
        "FIFO queues are not available on the local endpoint; make a standard queue.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_known_by_the_end_of_its_url() {
        let check = |url: &str, expected: Result<&str, SqsError>| {
            let found = name_in_url("000000000000", Some(url.to_owned()));
            assert_eq!(
                found.as_deref().map_err(Clone::clone),
                expected.as_deref().map_err(Clone::clone),
                "{url}"
            );
        };
        check("http://127.0.0.1:4566/000000000000/q", Ok("q"));
        check("https://sqs.eu-west-1.amazonaws.com/000000000000/q", Ok("q"));
        check("q", Ok("q"));
        check("http://127.0.0.1:4566/111111111111/q", Err(SqsError::QueueDoesNotExist));
        check("", Err(SqsError::MissingParameter("QueueUrl")));
        assert_eq!(queue_url("http://h:1/", "0", "q"), "http://h:1/0/q");
    }

    #[test]
    fn names_and_arns_are_checked() {
        for (name, good) in [
            ("q", true),
            ("A-z_9", true),
            ("", false),
            ("a.b", false),
            ("ä", false),
            (&"x".repeat(81), false),
        ] {
            assert_eq!(check(name).is_ok(), good, "{name}");
        }
        assert!(matches!(check("q.fifo"), Err(SqsError::UnsupportedOperation(_))));
        assert_eq!(name_in_arn("arn:aws:sqs:us-east-1:000000000000:q"), Some("q"));
        assert_eq!(name_in_arn("arn:aws:sns:us-east-1:000000000000:q"), None);
    }
}
