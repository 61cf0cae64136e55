//! [DescribeStackResources](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html)

use std::sync::Arc;

use sluice_wire::{Form, Xml, iso_8601};

use crate::{CloudFormation, CloudFormationError, StackRecord};

pub(crate) async fn call(service: &CloudFormation, form: &Form) -> Result<Xml, CloudFormationError> {
    let stack = wanted(service, form)?;
    let logical_id = form.filled("LogicalResourceId");
    let found: Vec<_> = stack
        .resources
        .iter()
        .filter(|resource| logical_id.is_none_or(|id| resource.logical_id == id))
        .collect();
    if let (Some(id), true) = (logical_id, found.is_empty()) {
        return Err(CloudFormationError::ResourceDoesNotExist {
            resource: id.to_owned(),
            stack: stack.name.clone(),
        });
    }
    let mut xml = Xml::default();
    xml.list("StackResources", found, |xml, resource| {
        xml.text("StackName", &stack.name)
            .text("StackId", &stack.id)
            .text("LogicalResourceId", &resource.logical_id)
            .text("PhysicalResourceId", &resource.physical_id)
            .text("ResourceType", &resource.resource_type)
            .text("Timestamp", &iso_8601(stack.changed()))
            .text("ResourceStatus", stack.status.as_str())
            .element("DriftInformation", |xml| {
                xml.text("StackResourceDriftStatus", "NOT_CHECKED");
            });
    });
    Ok(xml)
}

/// The stack with the name, or with the resource.
fn wanted(service: &CloudFormation, form: &Form) -> Result<Arc<StackRecord>, CloudFormationError> {
    match (form.filled("StackName"), form.filled("PhysicalResourceId")) {
        (Some(_), _) => service.named_stack(form),
        (None, Some(physical_id)) => service
            .stacks
            .existing()
            .into_iter()
            .find(|stack| {
                stack
                    .resources
                    .iter()
                    .any(|resource| resource.physical_id == physical_id)
            })
            .ok_or_else(|| CloudFormationError::StackDoesNotExist(physical_id.to_owned())),
        (None, None) => Err(CloudFormationError::NoStackOrResource),
    }
}
