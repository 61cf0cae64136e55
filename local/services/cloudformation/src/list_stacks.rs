//! [ListStacks](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html)

use sluice_wire::{Form, Xml, iso_8601};

use crate::service::refuse_token;
use crate::{CloudFormation, CloudFormationError};

pub(crate) async fn call(service: &CloudFormation, form: &Form) -> Result<Xml, CloudFormationError> {
    refuse_token(form)?;
    let wanted: Vec<&str> = form.members("StackStatusFilter").collect();
    let all = service.stacks.list();
    let found = all
        .iter()
        .filter(|stack| wanted.is_empty() || wanted.contains(&stack.status.as_str()));
    let mut xml = Xml::default();
    xml.list("StackSummaries", found, |xml, stack| {
        xml.text("StackId", &stack.id)
            .text("StackName", &stack.name)
            .optional("TemplateDescription", stack.description.as_deref())
            .text("CreationTime", &iso_8601(stack.created))
            .optional("LastUpdatedTime", stack.updated.map(iso_8601).as_deref())
            .optional("DeletionTime", stack.deleted.map(iso_8601).as_deref())
            .text("StackStatus", stack.status.as_str())
            .optional("StackStatusReason", stack.status_reason.as_deref())
            .element("DriftInformation", |xml| {
                xml.text("StackDriftStatus", "NOT_CHECKED");
            });
    });
    Ok(xml)
}
