use sluice_aws::{
    Approvals, Attempts, CallError, Fault, LinkPurpose, NewLink, Service, SettingError, Topic, config, environment,
    required,
};
use sluice_workflows::{AuditData, AuditKind, TaskError};

use super::{Mailing, Mails, RANDOM_BYTES, Recipient, TopicKind};

/// The table of approvals and the topics on AWS.
#[derive(Debug)]
pub(crate) struct AwsMails {
    pub(crate) approvals: Approvals,
    admins: Topic,
    escalation: Option<Topic>,
    per_minute: u32,
}

impl Mails for AwsMails {
    async fn take_token(&self, now_ms: i64) -> Result<bool, CallError> {
        self.approvals.take_mail_token(self.per_minute, now_ms).await
    }

    async fn defer(&self, id: &str, purpose: LinkPurpose, now_ms: i64) -> Result<(), CallError> {
        self.approvals.defer_mail(id, purpose, now_ms).await
    }

    async fn put_link(&self, link: &NewLink<'_>) -> Result<(), CallError> {
        self.approvals.put_link(link).await
    }

    async fn publish(&self, to: &Recipient, subject: &str, text: &str) -> Result<(), CallError> {
        let topic = match (to.topic, &self.escalation) {
            (TopicKind::Escalation, Some(topic)) => topic,
            (TopicKind::Escalation, None) | (TopicKind::Admins, _) => &self.admins,
        };
        topic.publish(subject, text, &[("approver", &to.address)]).await
    }

    async fn audit(&self, id: &str, at_ms: i64, kind: AuditKind, data: AuditData) -> Result<(), CallError> {
        self.approvals.audit(id, at_ms, kind, data).await
    }

    fn random(&self) -> Result<[u8; RANDOM_BYTES], Fault> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| Fault {
            name: TaskError::InvalidSetting,
            message: format!("the system gives no random bytes: {error}"),
        })?;
        Ok(bytes)
    }
}

/// The table of approvals that the environment names.
pub(crate) fn approvals() -> Result<Approvals, SettingError> {
    Ok(Approvals::new(
        &config(Service::DynamoDb, Attempts::BySdk, &environment)?,
        required(&environment, "APPROVALS_TABLE_NAME")?,
        required(&environment, "APPROVAL_AUDIT_TABLE_NAME")?,
    ))
}

impl AwsMails {
    /// Those that the environment names, and the settings of mails.
    pub(crate) fn from_environment() -> Result<(Self, Mailing), SettingError> {
        let sns = config(Service::Sns, Attempts::BySdk, &environment)?;
        let escalation_arn = environment("ESCALATION_TOPIC_ARN").filter(|arn| !arn.is_empty());
        let mailing = mailing(&environment)?;
        let mails = AwsMails {
            approvals: approvals()?,
            admins: Topic::new(&sns, required(&environment, "TOPIC_ARN")?),
            escalation: escalation_arn.map(|arn| Topic::new(&sns, arn)),
            per_minute: number(&environment, "MAILS_PER_MINUTE")?,
        };
        Ok((mails, mailing))
    }
}

/// Reads the settings of mails. Addresses are apart by spaces, which none can have; one that is there twice counts once.
fn mailing(environment: &dyn Fn(&str) -> Option<String>) -> Result<Mailing, SettingError> {
    let mut approval_url = required(environment, "APPROVAL_URL")?;
    if !approval_url.ends_with('/') {
        approval_url.push('/');
    }
    let mut admins: Vec<Recipient> = Vec::new();
    for address in required(environment, "APPROVERS")?.split_whitespace() {
        if admins.iter().all(|known| known.address != address) {
            admins.push(Recipient {
                address: address.to_owned(),
                topic: TopicKind::Admins,
            });
        }
    }
    if admins.is_empty() {
        return Err(SettingError::Missing("APPROVERS"));
    }
    let escalation = environment("ESCALATION_EMAIL").filter(|address| !address.trim().is_empty());
    let with_code = match required(environment, "APPROVAL_CODE")?.as_str() {
        "true" => true,
        "false" => false,
        other => {
            return Err(SettingError::Unusable {
                name: "APPROVAL_CODE",
                value: other.to_owned(),
                expected: "it must be true or false",
            });
        }
    };
    Ok(Mailing {
        approval_url,
        admins,
        escalation: escalation.map(|address| Recipient {
            address: address.trim().to_owned(),
            topic: TopicKind::Escalation,
        }),
        with_code,
    })
}

fn number(environment: &dyn Fn(&str) -> Option<String>, name: &'static str) -> Result<u32, SettingError> {
    let text = required(environment, name)?;
    text.parse().map_err(|_| SettingError::Unusable {
        name,
        value: text,
        expected: "it must be a whole number",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changes: &[(&str, &str)], expected: Result<(&[&str], Option<&str>, bool), &str>) {
        let given = |name: &str| {
            let changed = changes.iter().find(|(changed, _)| *changed == name);
            let usual = match name {
                "APPROVAL_URL" => "https://a.example",
                "APPROVERS" => "ada@example.com",
                "APPROVAL_CODE" => "true",
                _ => return changed.map(|(_, value)| (*value).to_owned()),
            };
            Some(changed.map_or(usual, |(_, value)| value).to_owned())
        };
        match (mailing(&given), expected) {
            (Ok(mailing), Ok((admins, escalation, with_code))) => {
                let found: Vec<_> = mailing.admins.iter().map(|one| one.address.as_str()).collect();
                assert_eq!(found, admins);
                assert_eq!(mailing.escalation.as_ref().map(|one| one.address.as_str()), escalation);
                assert_eq!(
                    (mailing.with_code, mailing.approval_url.as_str()),
                    (with_code, "https://a.example/")
                );
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn approvers_are_read_from_the_environment() {
        check(&[], Ok((&["ada@example.com"], None, true)));
        check(
            &[("APPROVAL_URL", "https://a.example/")],
            Ok((&["ada@example.com"], None, true)),
        );
        let three = [
            ("APPROVERS", "a@x  b@y a@x "),
            ("APPROVAL_CODE", "false"),
            ("ESCALATION_EMAIL", "boss@x"),
        ];
        check(&three, Ok((&["a@x", "b@y"], Some("boss@x"), false)));
        check(&[("ESCALATION_EMAIL", " ")], Ok((&["ada@example.com"], None, true)));
        check(&[("APPROVERS", " ")], Err("APPROVERS"));
        check(&[("APPROVAL_CODE", "yes")], Err("APPROVAL_CODE"));
    }
}
