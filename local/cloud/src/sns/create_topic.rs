//! [CreateTopic](https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html)

use super::SnsError;
use super::set_topic_attributes::set;
use super::store::{self, Topic};
use crate::endpoint::{Form, Services, Xml};

pub(super) async fn call(services: &Services, form: &Form) -> Result<Xml, SnsError> {
    let name = form.get("Name").ok_or_else(|| SnsError::missing("Name"))?;
    let mut topic = Topic {
        display_name: String::new(),
        policy: None,
        created: services.config.now(),
    };
    for (key, value) in form.pairs("Attributes", "entry", "key", "value") {
        set(&mut topic, key, value)?;
    }
    let arn = create(services, name, &topic).await?;
    let mut xml = Xml::default();
    xml.text("TopicArn", &arn);
    Ok(xml)
}

/// Makes a topic, unless there is one of this name, and answers its ARN.
///
/// # Errors
/// [`SnsError::InvalidParameter`] for a name that no standard topic can have.
pub async fn ensure_topic(services: &Services, name: &str, display_name: &str) -> Result<String, SnsError> {
    let mut topic = Topic {
        display_name: String::new(),
        policy: None,
        created: services.config.now(),
    };
    set(&mut topic, "DisplayName", display_name)?;
    create(services, name, &topic).await
}

async fn create(services: &Services, name: &str, topic: &Topic) -> Result<String, SnsError> {
    check_name(name)?;
    let arn = services.config.arn("sns", name);
    store::add_topic(&services.driver, &arn, topic).await?;
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
