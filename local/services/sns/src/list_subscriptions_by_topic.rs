//! [ListSubscriptionsByTopic](https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html)

use sluice_wire::{Form, PageToken, Xml};

use crate::list_subscriptions::response;
use crate::paging::start;
use crate::{Sns, SnsError, store};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    store::topic(&sns.driver, topic_arn).await?;
    let scope = ["ListSubscriptionsByTopic", topic_arn];
    let token = PageToken::of(&scope);
    let after = start(&token, form)?;
    let mut found = store::subscriptions_of(&sns.driver, topic_arn).await?;
    found.retain(|(arn, _)| after.as_ref().is_none_or(|after| arn > after));
    Ok(response(sns, &token, found))
}
