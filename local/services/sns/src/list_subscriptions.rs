//! [ListSubscriptions](https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html)

use sluice_wire::{Form, Page, PageToken, Xml};

use crate::paging::{PAGE, start};
use crate::store::{self, Subscription};
use crate::{Sns, SnsError};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let token = PageToken::of(&["ListSubscriptions"]);
    let after = start(&token, form)?;
    let found = store::subscriptions(&sns.driver, after, PAGE + 1).await?;
    Ok(response(sns, &token, found))
}

/// Stands for the ARN of a subscription that is to be confirmed.
const PENDING: &str = "PendingConfirmation";

/// The page of the subscriptions found, which are one more than fits if there are more.
pub(crate) fn response(sns: &Sns, token: &PageToken<'_>, found: Vec<(String, Subscription)>) -> Xml {
    let page = Page::cut(found, PAGE, token, |(arn, _)| arn.clone());
    let mut xml = Xml::default();
    xml.list("Subscriptions", &page.items, |xml, (arn, subscription)| {
        xml.text("TopicArn", Subscription::topic_arn(arn))
            .text("Protocol", subscription.protocol.as_str())
            .text(
                "SubscriptionArn",
                if subscription.suspended.is_some() { PENDING } else { arn },
            )
            .text("Owner", &sns.account.id)
            .text("Endpoint", &subscription.endpoint);
    })
    .optional("NextToken", page.next.as_deref());
    xml
}
