//! [ListSubscriptions](https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html) and
//! [ListSubscriptionsByTopic](https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html)

use super::SnsError;
use super::list_topics::{PAGE, open_token};
use super::store::{self, Subscription};
use crate::endpoint::{Form, PageToken, Services, Xml};

pub(super) async fn all(services: &Services, form: &Form) -> Result<Xml, SnsError> {
    let token = PageToken::of(&["ListSubscriptions"]);
    let after = open_token(&token, form)?;
    let found = store::subscriptions(&services.driver, after, PAGE + 1).await?;
    Ok(page(services, &token, found))
}

pub(super) async fn by_topic(services: &Services, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    store::topic(&services.driver, topic_arn).await?;
    let scope = ["ListSubscriptionsByTopic", topic_arn];
    let token = PageToken::of(&scope);
    let after = open_token(&token, form)?;
    let mut found = store::subscriptions_of(&services.driver, topic_arn).await?;
    found.retain(|(arn, _)| after.as_ref().is_none_or(|after| arn > after));
    Ok(page(services, &token, found))
}

fn page(services: &Services, token: &PageToken<'_>, mut found: Vec<(String, Subscription)>) -> Xml {
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let mut xml = Xml::default();
    xml.list("Subscriptions", &found, |xml, (arn, subscription)| {
        xml.text("TopicArn", Subscription::topic_arn(arn))
            .text("Protocol", subscription.protocol.as_str())
            .text("SubscriptionArn", arn)
            .text("Owner", &services.config.account)
            .text("Endpoint", &subscription.endpoint);
    });
    xml.optional(
        "NextToken",
        found.last().filter(|_| more).map(|(arn, _)| token.seal(arn)).as_deref(),
    );
    xml
}
