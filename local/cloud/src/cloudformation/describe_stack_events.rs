//! [DescribeStackEvents](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html)

use super::error::CloudFormationError;
use super::{StackRecord, Stacks, refuse_token, stack};
use crate::endpoint::{Form, Xml, iso_8601};

/// The end of each resource's and of the stack's own set-up, the newest first. What came between is not kept.
pub(super) fn call(stacks: &Stacks, form: &Form) -> Result<Xml, CloudFormationError> {
    refuse_token(form)?;
    let stack = stack(stacks, form)?;
    let whole = (stack.name.as_str(), stack.id.as_str(), "AWS::CloudFormation::Stack");
    let resources = stack.resources.iter().rev().map(|resource| {
        (
            resource.logical_id.as_str(),
            resource.physical_id.as_str(),
            resource.resource_type.as_str(),
        )
    });
    let mut xml = Xml::default();
    xml.list("StackEvents", std::iter::once(whole).chain(resources), |xml, event| {
        member(xml, &stack, event)
    });
    Ok(xml)
}

fn member(xml: &mut Xml, stack: &StackRecord, (logical_id, physical_id, resource_type): (&str, &str, &str)) {
    let changed = stack.changed();
    xml.text("StackId", &stack.id)
        .text("EventId", &format!("{logical_id}-{}-{changed}", stack.status.as_str()))
        .text("StackName", &stack.name)
        .text("LogicalResourceId", logical_id)
        .text("PhysicalResourceId", physical_id)
        .text("ResourceType", resource_type)
        .text("Timestamp", &iso_8601(changed))
        .text("ResourceStatus", stack.status.as_str());
}
