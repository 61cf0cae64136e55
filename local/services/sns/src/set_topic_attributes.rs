//! [SetTopicAttributes](https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html)

use sluice_wire::{Form, Xml, shortened};

use crate::store::{self, Topic};
use crate::{Sns, SnsError};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    let name = form
        .filled("AttributeName")
        .ok_or_else(|| SnsError::missing("AttributeName"))?;
    let mut topic = store::topic(&sns.driver, arn).await?;
    set(&mut topic, name, form.get("AttributeValue").unwrap_or_default())?;
    store::put_topic(&sns.driver, arn, &topic).await?;
    Ok(Xml::default())
}

/// Sets one attribute. What would change how mails are delivered, and is not there, is refused.
pub(crate) fn set(topic: &mut Topic, name: &str, value: &str) -> Result<(), SnsError> {
    match name {
        "DisplayName" if value.chars().count() <= 100 => value.clone_into(&mut topic.display_name),
        "DisplayName" => return Err(SnsError::InvalidParameter("DisplayName".into())),
        "Policy" => topic.policy = (!value.is_empty()).then(|| value.to_owned()),
        // Encryption at rest, signatures and tracing show nowhere in a local mail.
        "KmsMasterKeyId" | "SignatureVersion" | "TracingConfig" => {}
        _ => {
            return Err(SnsError::InvalidParameter(format!(
                "AttributeName Reason: {:?} is not available on the local endpoint, which knows DisplayName, Policy, \
                 KmsMasterKeyId, SignatureVersion and TracingConfig",
                shortened(name)
            )));
        }
    }
    Ok(())
}
