//! [Subscribe](https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html)

use sha2::{Digest as _, Sha256};
use sluice_wire::{Form, Xml, shortened};

use crate::store::{self, Subscription};
use crate::{EmailProtocol, Sns, SnsError};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let topic_arn = form.filled("TopicArn").ok_or_else(|| SnsError::missing("TopicArn"))?;
    let protocol = form.filled("Protocol").ok_or_else(|| SnsError::missing("Protocol"))?;
    let endpoint = form.filled("Endpoint").ok_or_else(|| SnsError::missing("Endpoint"))?;
    if let Some((name, _)) = form.pairs("Attributes", "entry", "key", "value").first() {
        return Err(SnsError::InvalidParameter(format!(
            "Attributes Reason: {:?} is not available on the local endpoint, which delivers every message as it is",
            shortened(name)
        )));
    }
    let arn = sns
        .ensure_subscription(topic_arn, parse_protocol(protocol)?, endpoint)
        .await?;
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
    /// Subscribes an address, unless it is subscribed already, and answers the subscription's ARN. Addresses of this machine
    /// need no confirmation: their mails go to the inbox.
    ///
    /// # Errors
    /// [`SnsError::InvalidParameter`] for what is no e-mail address, [`SnsError::TopicNotFound`] without the topic.
    pub async fn ensure_subscription(
        &self,
        topic_arn: &str,
        protocol: EmailProtocol,
        endpoint: &str,
    ) -> Result<String, SnsError> {
        store::topic(&self.driver, topic_arn).await?;
        if !is_address(endpoint) {
            return Err(SnsError::InvalidParameter("Email address".into()));
        }
        // The id follows from what is subscribed, so that subscribing twice at once still makes one subscription.
        let digest = Sha256::digest(format!("{topic_arn}\n{}\n{endpoint}", protocol.as_str()));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        let arn = format!("{topic_arn}:{}", uuid::Builder::from_random_bytes(bytes).into_uuid());
        let subscription = Subscription {
            protocol,
            endpoint: endpoint.to_owned(),
            created: self.account.now(),
            suspended: None,
        };
        store::add_subscription(&self.driver, &arn, &subscription).await?;
        Ok(arn)
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
