//! [GetTemplate](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html)

use super::error::CloudFormationError;
use super::{Stacks, stack};
use crate::endpoint::{Form, Xml};

/// Nothing is processed here, so both stages show the same text.
pub(super) fn call(stacks: &Stacks, form: &Form) -> Result<Xml, CloudFormationError> {
    let stack = stack(stacks, form)?;
    let mut xml = Xml::default();
    xml.text("TemplateBody", &stack.template_body)
        .list("StagesAvailable", ["Original", "Processed"], |xml, stage| {
            xml.escape(stage)
        });
    Ok(xml)
}
