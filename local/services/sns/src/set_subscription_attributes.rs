//! [SetSubscriptionAttributes](https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html)

use sluice_wire::{Form, Xml, shortened};

use crate::filter_policy::FilterPolicy;
use crate::store::{self, Subscription};
use crate::{Sns, SnsError};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let arn = form
        .filled("SubscriptionArn")
        .ok_or_else(|| SnsError::missing("SubscriptionArn"))?;
    let name = form
        .filled("AttributeName")
        .ok_or_else(|| SnsError::missing("AttributeName"))?;
    let mut subscription = store::subscription(&sns.driver, arn)
        .await?
        .ok_or(SnsError::SubscriptionNotFound)?;
    set(&mut subscription, name, form.get("AttributeValue").unwrap_or_default())?;
    store::put_subscription(&sns.driver, arn, &subscription).await?;
    Ok(Xml::default())
}

/// Sets one attribute. What would change how mails are delivered, and is not there, is refused.
pub(crate) fn set(subscription: &mut Subscription, name: &str, value: &str) -> Result<(), SnsError> {
    match name {
        "FilterPolicy" => {
            // without a policy, or with an empty one, it gets every message
            let filters = !value.is_empty() && value.trim() != "{}";
            if filters {
                FilterPolicy::parse(value)?;
            }
            subscription.filter_policy = filters.then(|| value.to_owned());
        }
        "FilterPolicyScope" if value == "MessageAttributes" => {}
        "FilterPolicyScope" => {
            return Err(SnsError::InvalidParameter(format!(
                "FilterPolicyScope: {:?} is not available on the local endpoint, which filters by MessageAttributes",
                shortened(value)
            )));
        }
        // a mail is never raw, and is delivered to the inbox at once
        "RawMessageDelivery" if value.eq_ignore_ascii_case("false") => {}
        "RawMessageDelivery" => {
            let why = "Delivery protocol [email] does not support raw message delivery.";
            return Err(SnsError::InvalidParameter(format!("RawMessageDelivery: {why}")));
        }
        "DeliveryPolicy" | "RedrivePolicy" => {}
        _ => {
            return Err(SnsError::InvalidParameter(format!(
                "AttributeName: {:?} is not available on the local endpoint, which knows FilterPolicy, FilterPolicyScope, \
                 RawMessageDelivery, DeliveryPolicy and RedrivePolicy",
                shortened(name)
            )));
        }
    }
    Ok(())
}
