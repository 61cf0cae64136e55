//! [ListTopics](https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html)

use super::{SnsError, store};
use crate::endpoint::{Form, PageToken, Services, Xml};

/// What AWS lists at a time.
pub(super) const PAGE: usize = 100;

pub(super) async fn call(services: &Services, form: &Form) -> Result<Xml, SnsError> {
    let token = PageToken::of(&["ListTopics"]);
    let after = open_token(&token, form)?;
    let mut arns = store::topic_arns(&services.driver, after, PAGE + 1).await?;
    let more = arns.len() > PAGE;
    arns.truncate(PAGE);
    let mut xml = Xml::default();
    xml.list("Topics", &arns, |xml, arn| {
        xml.text("TopicArn", arn);
    });
    xml.optional(
        "NextToken",
        arns.last().filter(|_| more).map(|last| token.seal(last)).as_deref(),
    );
    Ok(xml)
}

/// The place in the list that `NextToken` names.
pub(super) fn open_token(token: &PageToken<'_>, form: &Form) -> Result<Option<String>, SnsError> {
    match form.filled("NextToken") {
        None => Ok(None),
        Some(text) => match token.open(text) {
            Some(place) => Ok(Some(place)),
            None => Err(SnsError::InvalidParameter("NextToken".into())),
        },
    }
}
