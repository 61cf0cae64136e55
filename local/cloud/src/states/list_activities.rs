//! [ListActivities](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListActivities.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::{ACTIVITIES, Order};

use super::StatesError;
use super::activity::Activity;
use super::paging::{cut, open_token, page_size};
use crate::endpoint::{Constraints, PageToken, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let limit = page_size(&mut constraints, request.max_results);
    constraints.finish()?;
    let token = PageToken::of(&["ListActivities"]);
    let after = open_token(&token, request.next_token.as_deref())?;

    // One more than asked for tells whether there is another page.
    let mut found = services
        .driver
        .scan(ACTIVITIES, Order::Ascending, after, limit + 1)
        .await?;
    let more = cut(&mut found, limit);
    let next = found.last().filter(|_| more).map(|(arn, _)| token.seal(arn));
    let shown: Vec<Value> = found
        .into_iter()
        .filter_map(|(arn, value)| Some(Activity::of(value)?.shown(&arn)))
        .collect();
    let mut answer = json!({ "activities": shown });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}
