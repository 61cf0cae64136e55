//! ARNs between this account and the database, which calls its region `dynoxide`. Pure.

use std::borrow::Cow;

use sluice_wire::Account;

/// The beginning of the database's ARNs.
const THEIRS: &str = "arn:aws:dynamodb:dynoxide:000000000000:";

/// True when an operation's request or response may hold the ARN of a table or a stream. Items are never touched: what
/// looks like an ARN in an attribute is the writer's.
pub(crate) fn concerns(operation: &str) -> bool {
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

/// The beginning of this account's ARNs.
pub(crate) fn ours(account: &Account) -> String {
    account.arn("dynamodb", "")
}

/// A request on its way to the database.
pub(crate) fn to_theirs<'a>(body: &'a [u8], ours: &str) -> Cow<'a, [u8]> {
    replace(body, ours, THEIRS)
}

/// A response on its way back.
pub(crate) fn to_ours<'a>(body: &'a [u8], ours: &str) -> Cow<'a, [u8]> {
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
    use std::sync::Arc;

    use sluice_clock::ManualClock;

    use super::*;

    #[test]
    fn arns_are_ours_outside_and_theirs_inside() {
        let ours = ours(&Account {
            region: "eu-west-1".into(),
            id: "123456789012".into(),
            ..sluice_service_testing::account(Arc::new(ManualClock::new(0)), 1)
        });
        let outside = br#"{"ResourceArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/T"}"#;
        let inside = br#"{"ResourceArn":"arn:aws:dynamodb:dynoxide:000000000000:table/T"}"#;
        assert_eq!(to_theirs(outside, &ours).as_ref(), inside);
        assert_eq!(to_ours(inside, &ours).as_ref(), outside);
        assert!(matches!(to_ours(b"\xff", &ours), Cow::Borrowed(_)));
        assert!(!concerns("PutItem") && !concerns("Query") && concerns("DescribeTable"));
    }
}
