//! [GetSubscriptionAttributes](https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html)

use sluice_wire::{Form, Xml};

use crate::store::{self, Subscription};
use crate::{Sns, SnsError};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let arn = form
        .filled("SubscriptionArn")
        .ok_or_else(|| SnsError::missing("SubscriptionArn"))?;
    let subscription = store::subscription(&sns.driver, arn)
        .await?
        .ok_or(SnsError::SubscriptionNotFound)?;
    let pending = subscription.suspended.is_some();
    let mut attributes = vec![
        ("SubscriptionArn", arn.to_owned()),
        ("TopicArn", Subscription::topic_arn(arn).to_owned()),
        ("Owner", sns.account.id.clone()),
        ("Protocol", subscription.protocol.as_str().to_owned()),
        ("Endpoint", subscription.endpoint),
        ("RawMessageDelivery", "false".to_owned()),
        ("PendingConfirmation", pending.to_string()),
        ("ConfirmationWasAuthenticated", "true".to_owned()),
    ];
    if let Some(policy) = subscription.filter_policy {
        attributes.push(("FilterPolicy", policy));
        attributes.push(("FilterPolicyScope", "MessageAttributes".to_owned()));
    }
    let mut xml = Xml::default();
    xml.map("Attributes", attributes);
    Ok(xml)
}
