//! [Subscribe](https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html)

use sha2::{Digest as _, Sha256};
use sluice_wire::{Form, Xml, shortened};

use crate::set_subscription_attributes::set;
use crate::store::{self, Subscription};
use crate::{EmailProtocol, Sns, SnsError};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    let protocol = form.filled("Protocol").ok_or_else(|| SnsError::missing("Protocol"))?;
    let endpoint = form.filled("Endpoint").ok_or_else(|| SnsError::missing("Endpoint"))?;
    let attributes = form.pairs("Attributes", "entry", "key", "value");
    let mut wanted = sns
        .new_subscription(topic_arn, parse_protocol(protocol)?, endpoint)
        .await?;
    for (name, value) in &attributes {
        set(&mut wanted, name, value).map_err(in_attributes)?;
    }
    let arn = arn(topic_arn, &wanted);
    if !store::add_subscription(&sns.driver, &arn, &wanted).await? && !attributes.is_empty() {
        let held = store::subscription(&sns.driver, &arn).await?;
        if held.is_some_and(|held| held.filter_policy != wanted.filter_policy) {
            let message = "Attributes Reason: Subscription already exists with different attributes";
            return Err(SnsError::InvalidParameter(message.into()));
        }
    }
    let mut xml = Xml::default();
    xml.text("SubscriptionArn", &arn);
    Ok(xml)
}

fn parse_protocol(text: &str) -> Result<EmailProtocol, SnsError> {
    match text {
        "email" => Ok(EmailProtocol::Email),
        "email-json" => Ok(EmailProtocol::EmailJson),
        "http" | "https" | "sms" | "sqs" | "application" | "lambda" | "firehose" => Err(SnsError::InvalidParameter(
            format!("Protocol Reason: the local endpoint delivers email and email-json, not {text}"),
        )),
        _ => {
            let message = format!("Amazon SNS does not support this protocol string: {}", shortened(text));
            Err(SnsError::InvalidParameter(message))
        }
    }
}

impl Sns {
    /// Subscribes an address, or brings the filter policy of its subscription up to date, and answers the subscription's ARN.
    /// Addresses of this machine need no confirmation: their mails go to the inbox.
    ///
    /// # Errors
    /// [`SnsError::InvalidParameter`] for what is no e-mail address or no filter policy, [`SnsError::TopicNotFound`] without the
    /// topic.
    pub async fn ensure_subscription(
        &self,
        topic_arn: &str,
        protocol: EmailProtocol,
        endpoint: &str,
        filter_policy: Option<&str>,
    ) -> Result<String, SnsError> {
        let mut wanted = self.new_subscription(topic_arn, protocol, endpoint).await?;
        set(&mut wanted, "FilterPolicy", filter_policy.unwrap_or_default())?;
        let arn = arn(topic_arn, &wanted);
        if !store::add_subscription(&self.driver, &arn, &wanted).await?
            && let Some(held) = store::subscription(&self.driver, &arn).await?
            && held.filter_policy != wanted.filter_policy
        {
            let filter_policy = wanted.filter_policy;
            let updated = Subscription { filter_policy, ..held };
            store::put_subscription(&self.driver, &arn, &updated).await?;
        }
        Ok(arn)
    }

    /// A subscription that gets every message, not yet kept.
    async fn new_subscription(
        &self,
        topic_arn: &str,
        protocol: EmailProtocol,
        endpoint: &str,
    ) -> Result<Subscription, SnsError> {
        store::topic(&self.driver, topic_arn).await?;
        if !is_address(endpoint) {
            return Err(SnsError::InvalidParameter("Email address".into()));
        }
        Ok(Subscription {
            protocol,
            endpoint: endpoint.to_owned(),
            created: self.account.now(),
            suspended: None,
            filter_policy: None,
        })
    }
}

/// The subscription's ARN. Its id follows from what is subscribed, so that subscribing twice at once still makes one subscription.
fn arn(topic_arn: &str, subscription: &Subscription) -> String {
    let (protocol, endpoint) = (subscription.protocol.as_str(), &subscription.endpoint);
    let digest = Sha256::digest(format!("{topic_arn}\n{protocol}\n{endpoint}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!("{topic_arn}:{}", uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// An attribute's error as Subscribe words it.
fn in_attributes(error: SnsError) -> SnsError {
    match error {
        SnsError::InvalidParameter(why) => SnsError::InvalidParameter(format!("Attributes Reason: {why}")),
        other => other,
    }
}

/// True for what looks like an address: that mail arrives there is for the mail system to say.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    text.len() <= 320
        && !local.is_empty()
        && !domain.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_are_subscribed() {
        for good in ["admin@example.com", "a+b@localhost", "ü@example.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "admin", "@x", "x@", "a b@c", "a@b\r\nBcc: c@d", "<a@b>", "a@b,c@d"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
