//! The pseudo parameters
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>).

/// A parameter that every template has without declaring it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pseudo {
    AccountId,
    NotificationArns,
    NoValue,
    Partition,
    Region,
    StackId,
    StackName,
    UrlSuffix,
}

impl Pseudo {
    const ALL: [(&'static str, Pseudo); 8] = [
        ("AWS::AccountId", Pseudo::AccountId),
        ("AWS::NotificationARNs", Pseudo::NotificationArns),
        ("AWS::NoValue", Pseudo::NoValue),
        ("AWS::Partition", Pseudo::Partition),
        ("AWS::Region", Pseudo::Region),
        ("AWS::StackId", Pseudo::StackId),
        ("AWS::StackName", Pseudo::StackName),
        ("AWS::URLSuffix", Pseudo::UrlSuffix),
    ];

    pub(crate) fn parse(name: &str) -> Option<Pseudo> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, pseudo)| pseudo)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(|(name, _)| name)
    }
}
