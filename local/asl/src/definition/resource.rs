//! The resources that Tasks call.

/// A parsed `Resource` ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A function's own ARN: `arn:aws:lambda:…:function:name[:qualifier]`. Its history events are `LambdaFunction…`.
    Function {
        /// The ARN as written.
        arn: String,
    },
    /// An activity's ARN: `arn:aws:states:…:activity:name`.
    Activity {
        /// The ARN as written.
        arn: String,
    },
    /// A service integration: `arn:aws:states:::service:action[.pattern]`, optimised or `aws-sdk:`.
    Service {
        /// The ARN as written.
        arn: String,
        /// `resourceType` of the history events: `lambda`, `sns`, `aws-sdk:dynamodb`.
        service: String,
        /// The API action: `invoke`, `publish`, `putItem`.
        action: String,
        /// The pattern.
        pattern: IntegrationPattern,
    },
}

/// The pattern by which a service integration's state waits for its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrationPattern {
    /// For the response of the call.
    RequestResponse,
    /// `.sync`: until the job has ended.
    Sync,
    /// `.sync:2`: the same, with the output as JSON.
    Sync2,
    /// `.waitForTaskToken`: until someone answers the token.
    WaitForTaskToken,
}
