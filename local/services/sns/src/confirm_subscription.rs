//! [ConfirmSubscription](https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html)

use sluice_wire::{Form, Xml};

use crate::{Sns, SnsError, store};

/// Subscriptions here are confirmed when they are made; confirming one again, by its id as the token, changes nothing.
pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    let token = form.filled("Token").ok_or_else(|| SnsError::missing("Token"))?;
    store::topic(&sns.driver, topic_arn).await?;
    let arn = format!("{topic_arn}:{token}");
    match store::subscription(&sns.driver, &arn).await? {
        Some(_) => {
            let mut xml = Xml::default();
            xml.text("SubscriptionArn", &arn);
            Ok(xml)
        }
        None => Err(SnsError::InvalidParameter("Token".into())),
    }
}
