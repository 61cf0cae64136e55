//! [Unsubscribe](https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html)

use sluice_wire::{Form, Xml};

use crate::{Sns, SnsError, store};

/// One that is not there counts as gone, as on AWS.
pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let arn = form
        .filled("SubscriptionArn")
        .ok_or_else(|| SnsError::missing("SubscriptionArn"))?;
    let topic_arn = store::Subscription::topic_arn(arn);
    store::check_topic_arn(topic_arn).map_err(|_| SnsError::InvalidParameter("SubscriptionArn".into()))?;
    store::remove_subscription(&sns.driver, arn).await?;
    Ok(Xml::default())
}
