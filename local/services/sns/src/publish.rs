//! [Publish](https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)

use sluice_wire::{Form, Xml, rfc_3339};

use crate::inbox::{self, Mail};
use crate::{Message, Sns, SnsError, store};

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
        for (_, subscription) in subscriptions {
            let mail = Mail {
                id: inbox::new_id(now, self.account.uuid()),
                to: subscription.endpoint,
                subject: message.mail_subject().to_owned(),
                text: message.mail_text(subscription.protocol, &message_id, topic_arn, &sent_at),
                sent_at: sent_at.clone(),
                topic_arn: topic_arn.to_owned(),
                message_id: message_id.clone(),
            };
            inbox::put(&self.driver, &mail).await?;
        }
        Ok(message_id)
    }
}
