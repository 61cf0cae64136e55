//! [ListEventSourceMappings](https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html) and
//! [GetEventSourceMapping](https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html). Mappings come and go
//! with their stacks only.

use serde_json::{Value, json};

use sluice_lambda::{FunctionName, LambdaError, paging};

use super::shown;
use crate::endpoint::{ApiError, Form, PageToken, Services};

/// The most that are listed at once.
const MOST: usize = 100;

pub(crate) fn get_event_source_mapping(services: &Services, uuid: &str) -> Result<Value, ApiError> {
    let all = services.mappings.all();
    let found = all.iter().find(|(mapping, _)| mapping.uuid == uuid);
    match found {
        Some((mapping, stop)) => Ok(shown(&services.config, mapping, *stop)),
        None => Err(LambdaError::NoResource.into()),
    }
}

pub(crate) fn list_event_source_mappings(services: &Services, query: &Form) -> Result<Value, ApiError> {
    let limit = paging::max_items(query, MOST)?;
    let function = match query.filled("FunctionName") {
        None => None,
        Some(name) => Some(FunctionName::parse(name, None)?.name),
    };
    let source = query.filled("EventSourceArn");
    let token = PageToken::of(&["ListEventSourceMappings"]);
    let after = paging::marker(query, &token)?;
    let mut all = services.mappings.all();
    all.sort_by(|(a, _), (b, _)| a.uuid.cmp(&b.uuid));
    all.retain(|(mapping, _)| {
        source.is_none_or(|arn| mapping.spec.stream_arn == arn)
            && function
                .as_ref()
                .is_none_or(|name| mapping.function_arn.ends_with(&format!(":function:{name}")))
            && after.as_ref().is_none_or(|after| mapping.uuid > *after)
    });
    let page = &all[..all.len().min(limit.min(MOST))];
    let page_shown = page
        .iter()
        .map(|(mapping, stop)| shown(&services.config, mapping, *stop));
    let mut answer = json!({ "EventSourceMappings": page_shown.collect::<Vec<_>>() });
    if let Some((last, _)) = page.last().filter(|_| all.len() > page.len()) {
        answer["NextMarker"] = json!(token.seal(&last.uuid));
    }
    Ok(answer)
}
