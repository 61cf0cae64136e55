//! [ListActivities](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListActivities.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{ACTIVITY_KIND, Order};
use sluice_wire::{Constraints, Page, PageToken};

use crate::activity::{Activity, ActivityListItem};
use crate::paging::Paging;
use crate::{StatesError, StepFunctions};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    activities: Vec<ActivityListItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let any_length = 0..=usize::MAX;
    let paging = Paging::with_token_length(&mut constraints, request.max_results, request.next_token, any_length);
    constraints.finish()?;
    let token = PageToken::of(&["ListActivities"]);
    let after = paging.start(&token)?;

    // One more than asked for tells whether there is another page.
    let found = states
        .driver
        .store()
        .scan(ACTIVITY_KIND, Order::Ascending, after, paging.limit + 1);
    let page = Page::cut(found.await?, paging.limit, &token, |(arn, _)| arn.clone());
    let items = page.items.into_iter();
    Ok(Response {
        activities: items
            .filter_map(|(arn, value)| Some(Activity::of(value)?.list_item(&arn)))
            .collect(),
        next_token: page.next,
    })
}
