//! [CreateTopic](https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html)

use sluice_wire::{Form, Xml};

use crate::set_topic_attributes::set;
use crate::store::{self, Topic};
use crate::{Sns, SnsError};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let name = form.get("Name").ok_or_else(|| SnsError::missing("Name"))?;
    let mut topic = Topic {
        display_name: String::new(),
        policy: None,
        created: sns.account.now(),
    };
    for (key, value) in form.pairs("Attributes", "entry", "key", "value") {
        set(&mut topic, key, value)?;
    }
    let arn = create(sns, name, &topic).await?;
    let mut xml = Xml::default();
    xml.text("TopicArn", &arn);
    Ok(xml)
}

impl Sns {
    /// Makes a topic, unless there is one of this name, and answers its ARN.
    ///
    /// # Errors
    /// [`SnsError::InvalidParameter`] for a name that no standard topic can have.
    pub async fn ensure_topic(&self, name: &str, display_name: &str) -> Result<String, SnsError> {
        let mut topic = Topic {
            display_name: String::new(),
            policy: None,
            created: self.account.now(),
        };
        set(&mut topic, "DisplayName", display_name)?;
        create(self, name, &topic).await
    }
}

async fn create(sns: &Sns, name: &str, topic: &Topic) -> Result<String, SnsError> {
    check_name(name)?;
    let arn = sns.account.arn("sns", name);
    store::add_topic(&sns.driver, &arn, topic).await?;
    Ok(arn)
}

fn check_name(name: &str) -> Result<(), SnsError> {
    if name.ends_with(".fifo") {
        let message = "Topic Name Reason: FIFO topics deliver no e-mail, and are not available on the local endpoint";
        return Err(SnsError::InvalidParameter(message.into()));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=256).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(SnsError::InvalidParameter("Topic Name".into()))
    }
}
