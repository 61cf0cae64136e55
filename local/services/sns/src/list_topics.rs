//! [ListTopics](https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html)

use sluice_wire::{Form, Page, PageToken, Xml};

use crate::paging::{PAGE, start};
use crate::{Sns, SnsError, store};

pub(crate) async fn call(sns: &Sns, form: &Form) -> Result<Xml, SnsError> {
    let token = PageToken::of(&["ListTopics"]);
    let after = start(&token, form)?;
    let found = store::topic_arns(&sns.driver, after, PAGE + 1).await?;
    let page = Page::cut(found, PAGE, &token, String::clone);
    let mut xml = Xml::default();
    xml.list("Topics", &page.items, |xml, arn| {
        xml.text("TopicArn", arn);
    })
    .optional("NextToken", page.next.as_deref());
    Ok(xml)
}
