//! [ListStackResources](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html)

use sluice_wire::{Form, Xml, iso_8601};

use crate::service::refuse_token;
use crate::{CloudFormation, CloudFormationError};

pub(crate) async fn call(service: &CloudFormation, form: &Form) -> Result<Xml, CloudFormationError> {
    refuse_token(form)?;
    let stack = service.named_stack(form)?;
    let mut xml = Xml::default();
    xml.list("StackResourceSummaries", &stack.resources, |xml, resource| {
        xml.text("LogicalResourceId", &resource.logical_id)
            .text("PhysicalResourceId", &resource.physical_id)
            .text("ResourceType", &resource.resource_type)
            .text("LastUpdatedTimestamp", &iso_8601(stack.changed()))
            .text("ResourceStatus", stack.status.as_str())
            .element("DriftInformation", |xml| {
                xml.text("StackResourceDriftStatus", "NOT_CHECKED");
            });
    });
    Ok(xml)
}
