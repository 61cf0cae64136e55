//! [DeleteTopic](https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html)

use sluice_wire::{Form, Xml};

use crate::{Sns, SnsError, store};

/// With its subscriptions. One that is not there counts as deleted, as on AWS.
pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    store::check_topic_arn(arn)?;
    let driver = &sns.driver;
    store::remove_topic(driver, arn).await?;
    for (subscription_arn, _) in store::subscriptions_of(driver, arn).await? {
        store::remove_subscription(driver, &subscription_arn).await?;
    }
    Ok(Xml::default())
}
