//! ARNs, split once at the edge.

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. See the
/// [format](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
///
/// ```
/// let arn = sluice_wire::Arn::parse("arn:aws:sns:us-east-1:000000000000:topic").unwrap();
/// assert_eq!((arn.service, arn.resource), ("sns", "topic"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, or another world of AWS.
    pub partition: &'a str,
    /// The service's short name.
    pub service: &'a str,
    /// The region; empty for global resources.
    pub region: &'a str,
    /// The account's number.
    pub account: &'a str,
    /// The rest, colons included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits a text; none when it has not the six parts of an ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts_and_the_last_may_hold_colons() {
        let arn = Arn::parse("arn:aws:states:us-east-1:000000000000:stateMachine:a").map(|a| (a.service, a.resource));
        assert_eq!(arn, Some(("states", "stateMachine:a")));
        for rubbish in [
            "",
            "arn",
            "arn:aws:states",
            "arn:aws:states:us-east-1:0:",
            "urn:aws:s:r:a:x",
            "arn:::::",
        ] {
            assert_eq!(Arn::parse(rubbish), None, "{rubbish}");
        }
    }
}
