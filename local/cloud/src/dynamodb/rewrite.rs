//! ARNs between this account and the database, which calls its region `dynoxide`. Pure.

use std::borrow::Cow;

/// How the database begins its ARNs.
const THEIRS: &str = "arn:aws:dynamodb:dynoxide:000000000000:";

/// Whether an operation's request or response may hold the ARN of a table or a stream. Items are never touched: what
/// looks like an ARN in an attribute is the writer's.
pub(super) fn concerns(operation: &str) -> bool {
    matches!(
        operation,
        "CreateTable"
            | "DeleteTable"
            | "DescribeTable"
            | "UpdateTable"
            | "TagResource"
            | "UntagResource"
            | "ListTagsOfResource"
            | "ListStreams"
            | "DescribeStream"
            | "GetShardIterator"
    )
}

/// How this account begins its ARNs.
pub(super) fn ours(region: &str, account: &str) -> String {
    format!("arn:aws:dynamodb:{region}:{account}:")
}

/// A request on its way to the database.
pub(super) fn to_theirs<'a>(body: &'a [u8], ours: &str) -> Cow<'a, [u8]> {
    replace(body, ours, THEIRS)
}

/// A response on its way back.
pub(super) fn to_ours<'a>(body: &'a [u8], ours: &str) -> Cow<'a, [u8]> {
    replace(body, THEIRS, ours)
}

fn replace<'a>(body: &'a [u8], from: &str, to: &str) -> Cow<'a, [u8]> {
    match std::str::from_utf8(body) {
        Ok(text) if text.contains(from) => Cow::Owned(text.replace(from, to).into_bytes()),
        _ => Cow::Borrowed(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_ours_outside_and_theirs_inside() {
        let ours = ours("eu-west-1", "123456789012");
        let outside = br#"{"ResourceArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/T"}"#;
        let inside = br#"{"ResourceArn":"arn:aws:dynamodb:dynoxide:000000000000:table/T"}"#;
        assert_eq!(to_theirs(outside, &ours).as_ref(), inside);
        assert_eq!(to_ours(inside, &ours).as_ref(), outside);
        assert!(matches!(to_ours(b"\xff", &ours), Cow::Borrowed(_)));
        assert!(!concerns("PutItem") && !concerns("Query") && concerns("DescribeTable"));
    }
}
