//! [ListFunctions](https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html)

use serde_json::{Value, json};

use super::LambdaError;
use super::get_function::configuration;
use crate::endpoint::{ApiError, Form, PageToken, Services};

const DEFAULT_PAGE: usize = 50;

pub(crate) fn list_functions(services: &Services, query: &Form) -> Result<Value, ApiError> {
    let limit = match query.filled("MaxItems") {
        None => DEFAULT_PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=10_000).contains(limit))
            .ok_or_else(|| {
                LambdaError::InvalidParameter(format!(
                    "MaxItems must be 1 to 10000, not {:?}",
                    crate::endpoint::shortened(text)
                ))
            })?,
    };
    let token = PageToken::of(&["ListFunctions"]);
    let after = match query.filled("Marker") {
        None => None,
        Some(marker) => {
            let place = token.open(marker);
            Some(place.ok_or_else(|| LambdaError::InvalidParameter("Marker is not one that a page gave out".into()))?)
        }
    };
    let specs = services.lambda.specs();
    let rest: Vec<_> = specs
        .iter()
        .filter(|spec| after.as_deref().is_none_or(|after| &*spec.name > after))
        .collect();
    let page: Vec<_> = rest.iter().take(limit).collect();
    let mut answer = json!({ "Functions": page.iter().map(|spec| configuration(spec)).collect::<Vec<_>>() });
    if let Some(last) = page.last().filter(|_| rest.len() > limit) {
        answer["NextMarker"] = json!(token.seal(&last.name));
    }
    Ok(answer)
}
