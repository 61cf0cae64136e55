//! [ConfirmSubscription](https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html)

use sluice_wire::{Form, Xml};

use crate::store::{self, Subscription};
use crate::{Sns, SnsError};

/// Subscriptions here are confirmed when they are made. Confirming one again, by its id as the token, ends its suspension.
pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    let token = form.filled("Token").ok_or_else(|| SnsError::missing("Token"))?;
    store::topic(&sns.driver, topic_arn).await?;
    let arn = format!("{topic_arn}:{token}");
    match store::subscription(&sns.driver, &arn).await? {
        Some(subscription) => {
            if subscription.suspended.is_some() {
                let confirmed = Subscription {
                    suspended: None,
                    ..subscription
                };
                store::put_subscription(&sns.driver, &arn, &confirmed).await?;
            }
            let mut xml = Xml::default();
            xml.text("SubscriptionArn", &arn);
            Ok(xml)
        }
        None => Err(SnsError::InvalidParameter("Token".into())),
    }
}
