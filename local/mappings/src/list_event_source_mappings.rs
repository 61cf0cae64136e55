//! [ListEventSourceMappings](https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html)

use serde::Serialize;
use sluice_lambda::{FunctionName, paging};
use sluice_wire::{ApiError, Form, Page, PageToken};

use crate::Mappings;
use crate::configuration::EventSourceMappingConfiguration;

/// The most that are listed at once.
const MAX_PAGE: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    event_source_mappings: Vec<EventSourceMappingConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(crate) fn call(mappings: &Mappings, query: &Form) -> Result<Response, ApiError> {
    let limit = paging::max_items(query, MAX_PAGE)?.min(MAX_PAGE);
    let function = match query.filled("FunctionName") {
        None => None,
        Some(name) => Some(FunctionName::parse(name, None)?.name),
    };
    let source = query.filled("EventSourceArn");
    let token = PageToken::of(&["ListEventSourceMappings"]);
    let after = paging::marker(query, &token)?;
    let mut all = mappings.all();
    all.sort_by(|(a, _), (b, _)| a.uuid.cmp(&b.uuid));
    all.retain(|(mapping, _)| {
        source.is_none_or(|arn| mapping.spec.stream_arn == arn)
            && function
                .as_ref()
                .is_none_or(|name| mapping.function_arn.ends_with(&format!(":function:{name}")))
            && after.as_ref().is_none_or(|after| mapping.uuid > *after)
    });
    let page = Page::cut(all, limit, &token, |(mapping, _)| mapping.uuid.clone());
    let page = page.map(|(mapping, stop)| EventSourceMappingConfiguration::of(mappings.account(), &mapping, stop));
    Ok(Response {
        event_source_mappings: page.items,
        next_marker: page.next,
    })
}
