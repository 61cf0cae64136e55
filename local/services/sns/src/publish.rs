//! [Publish](https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)

use sluice_wire::{Form, Xml, rfc_3339};

use crate::inbox::{self, Mail};
use crate::store::{self, Subscription};
use crate::{Message, Sns, SnsError};

/// Milliseconds after which a suspended subscription is deleted.
const SUSPENDED_MS: i64 = sluice_quotas::numbers::SNS_SUSPENDED.as_millis() as i64;

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = target(form)?;
    let message = Message::from_form(form, "")?;
    let message_id = sns.publish(topic_arn, &message).await?;
    let mut xml = Xml::default();
    xml.text("MessageId", &message_id);
    Ok(xml)
}

fn target(form: &Form) -> Result<&str, SnsError> {
    match (
        form.filled("TopicArn"),
        form.filled("TargetArn"),
        form.filled("PhoneNumber"),
    ) {
        (Some(arn), None, None) | (None, Some(arn), None) => Ok(arn),
        (None, None, Some(_)) => {
            let message = "PhoneNumber Reason: the local endpoint sends no text messages";
            Err(SnsError::InvalidParameter(message.into()))
        }
        (None, None, None) => Err(SnsError::InvalidParameter(
            "TopicArn or TargetArn Reason: no value for required parameter".into(),
        )),
        _ => Err(SnsError::InvalidParameter(
            "TopicArn, TargetArn and PhoneNumber Reason: only one may be given".into(),
        )),
    }
}

impl Sns {
    /// Puts a mail into the inbox for each subscription, and answers the message's id once they are on disk.
    ///
    /// # Errors
    /// [`SnsError::TopicNotFound`] without the topic.
    pub async fn publish(&self, topic_arn: &str, message: &Message) -> Result<String, SnsError> {
        store::topic(&self.driver, topic_arn).await?;
        let subscriptions = store::subscriptions_of(&self.driver, topic_arn).await?;
        let message_id = self.account.uuid().to_string();
        let now = self.account.now();
        let sent_at = rfc_3339(now);
        for (arn, subscription) in subscriptions {
            if !subscription.wants(message)? || !self.may_send(&arn, &subscription).await? {
                continue;
            }
            let mail = Mail {
                id: inbox::new_id(now, self.account.uuid()),
                to: subscription.endpoint,
                subject: message.mail_subject().to_owned(),
                text: message.mail_text(subscription.protocol, &message_id, topic_arn, &sent_at),
                sent_at: sent_at.clone(),
                topic_arn: topic_arn.to_owned(),
                message_id: message_id.clone(),
                attributes: message.attributes().clone(),
            };
            inbox::put(&self.driver, &mail).await?;
            self.mailed.send_replace(());
        }
        Ok(message_id)
    }

    /// True when a subscription gets a mail. SNS suspends one that gets too many, and deletes it if nobody confirms it again.
    async fn may_send(&self, arn: &str, subscription: &Subscription) -> Result<bool, SnsError> {
        let now = self.account.now();
        if let Some(since) = subscription.suspended {
            if now.saturating_sub(since) >= SUSPENDED_MS {
                store::remove_subscription(&self.driver, arn).await?;
            }
            return Ok(false);
        }
        let Some(quotas) = &self.quotas else { return Ok(true) };
        if quotas.admit_mail(arn, now) {
            return Ok(true);
        }
        tracing::warn!(
            subscription = arn,
            "more than ten mails in a second: the subscription is suspended, as AWS does, until it is confirmed again"
        );
        let suspended = Subscription {
            suspended: Some(now),
            ..subscription.clone()
        };
        store::put_subscription(&self.driver, arn, &suspended).await?;
        Ok(false)
    }
}
