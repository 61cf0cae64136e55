//! The inputs from which a stack is made.

use std::collections::BTreeMap;

/// The inputs from which a stack is made, beside its template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackInputs {
    /// The stack's name: 1 to 128 letters, digits and hyphens, a letter first.
    pub stack_name: String,
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The account: 12 digits.
    pub account_id: String,
    /// The partition of ARNs: `aws`.
    pub partition: String,
    /// The value of `AWS::URLSuffix`: `amazonaws.com`.
    pub url_suffix: String,
    /// The number of earlier stacks of this name, which are deleted: each has an id of its own.
    pub generation: u32,
    /// The beginning of the queues' URLs, without a slash at the end; that of SQS in the region when absent.
    pub endpoint: Option<String>,
    /// The value of `AWS::NotificationARNs`.
    pub notification_arns: Vec<String>,
    /// Parameters given, by name.
    pub parameters: BTreeMap<String, String>,
    /// Attributes that only the runtime knows, by `LogicalId.Attribute`: `FunctionUrl` of each `AWS::Lambda::Url` whose URL is
    /// referenced, `StreamArn` of tables. A value given here also replaces a computed one.
    pub attributes: BTreeMap<String, String>,
    /// Exports of other stacks, for `Fn::ImportValue`.
    pub imports: BTreeMap<String, String>,
}

impl StackInputs {
    /// Inputs without parameters in the partition `aws`.
    #[must_use]
    pub fn new(stack_name: &str, region: &str, account_id: &str) -> Self {
        StackInputs {
            stack_name: stack_name.to_owned(),
            region: region.to_owned(),
            account_id: account_id.to_owned(),
            partition: "aws".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
            generation: 0,
            endpoint: None,
            notification_arns: Vec::new(),
            parameters: BTreeMap::new(),
            attributes: BTreeMap::new(),
            imports: BTreeMap::new(),
        }
    }
}
