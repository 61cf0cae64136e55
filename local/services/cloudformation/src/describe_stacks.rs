//! [DescribeStacks](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html)

use sluice_wire::{Form, Xml, iso_8601};

use crate::service::refuse_token;
use crate::{CloudFormation, CloudFormationError, StackRecord};

pub(crate) async fn call(service: &CloudFormation, form: &Form) -> Result<Xml, CloudFormationError> {
    refuse_token(form)?;
    let found = match form.filled("StackName") {
        Some(_) => vec![service.named_stack(form)?],
        None => service.stacks.existing(),
    };
    let mut xml = Xml::default();
    xml.list("Stacks", &found, |xml, stack| member(xml, stack));
    Ok(xml)
}

fn member(xml: &mut Xml, stack: &StackRecord) {
    xml.text("StackId", &stack.id)
        .text("StackName", &stack.name)
        .optional("Description", stack.description.as_deref())
        .list("Parameters", &stack.parameters, |xml, parameter| {
            xml.text("ParameterKey", &parameter.key)
                .text("ParameterValue", &parameter.value);
        })
        .text("CreationTime", &iso_8601(stack.created))
        .optional("LastUpdatedTime", stack.updated.map(iso_8601).as_deref())
        .element("RollbackConfiguration", |_| {})
        .optional("DeletionTime", stack.deletion_began.map(iso_8601).as_deref())
        .text("StackStatus", stack.status.as_str())
        .optional("StackStatusReason", stack.status_reason.as_deref())
        .text("DisableRollback", "false")
        .list("NotificationARNs", [""; 0], |_, _| {})
        .list("Capabilities", ["CAPABILITY_IAM"], |xml, capability| {
            xml.escape(capability)
        })
        .list("Outputs", &stack.outputs, |xml, output| {
            xml.text("OutputKey", &output.key)
                .text("OutputValue", &output.value)
                .optional("Description", output.description.as_deref())
                .optional("ExportName", output.export_name.as_deref());
        })
        .list("Tags", [""; 0], |_, _| {})
        .text(
            "EnableTerminationProtection",
            if stack.protected { "true" } else { "false" },
        )
        .element("DriftInformation", |xml| {
            xml.text("StackDriftStatus", "NOT_CHECKED");
        });
}
