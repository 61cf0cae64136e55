//! [ListFunctions](https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html)

use serde::Serialize;
use sluice_wire::{ApiError, Form, Page, PageToken};

use crate::function_configuration::FunctionConfiguration;
use crate::{Lambda, paging};

const DEFAULT_PAGE: usize = 50;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    functions: Vec<FunctionConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(crate) fn call(lambda: &Lambda, query: &Form) -> Result<Response, ApiError> {
    let limit = paging::max_items(query, DEFAULT_PAGE)?;
    let token = PageToken::of(&["ListFunctions"]);
    let after = paging::marker(query, &token)?;
    let mut specs = lambda.specs();
    specs.retain(|spec| after.as_deref().is_none_or(|after| &*spec.name > after));
    let page = Page::cut(specs, limit, &token, |spec| spec.name.to_string());
    Ok(Response {
        functions: page.items.iter().map(FunctionConfiguration::of).collect(),
        next_marker: page.next,
    })
}
