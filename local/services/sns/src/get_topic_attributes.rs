//! [GetTopicAttributes](https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html)

use sluice_wire::{Form, Xml};

use crate::{Sns, SnsError, store};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    let topic = store::topic(&sns.driver, arn).await?;
    let subscriptions = store::subscriptions_of(&sns.driver, arn).await?;
    let pending = subscriptions.iter().filter(|(_, one)| one.suspended.is_some()).count();
    let confirmed = subscriptions.len() - pending;
    let mut attributes = vec![
        ("TopicArn", arn.to_owned()),
        ("Owner", sns.account.id.clone()),
        ("DisplayName", topic.display_name),
        ("SubscriptionsConfirmed", confirmed.to_string()),
        ("SubscriptionsPending", pending.to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ];
    attributes.extend(topic.policy.map(|policy| ("Policy", policy)));
    let mut xml = Xml::default();
    xml.map("Attributes", attributes);
    Ok(xml)
}
