//! [GetTemplate](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html)

use sluice_wire::{Form, Xml};

use crate::{CloudFormation, CloudFormationError};

pub(crate) async fn call(service: &CloudFormation, form: &Form) -> Result<Xml, CloudFormationError> {
    let stack = service.named_stack(form)?;
    // nothing is processed here, so both stages have the same text
    let mut xml = Xml::default();
    xml.text("TemplateBody", &stack.template_body)
        .list("StagesAvailable", ["Original", "Processed"], |xml, stage| {
            xml.escape(stage)
        });
    Ok(xml)
}
