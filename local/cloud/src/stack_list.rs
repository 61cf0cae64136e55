//! `GET /_sluice/stacks`: the stacks with their outputs, as JSON. CloudFormation's own reads are XML, and know no entrance.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use sluice_cloudformation::{StackOutput, StackRecord};

use crate::endpoint::Services;

/// The name and address of a stack's entrance, by the stack's id.
pub(crate) type Entrances = BTreeMap<String, (String, String)>;

#[derive(Clone)]
struct Listed {
    services: Arc<Services>,
    entrances: Arc<Entrances>,
}

/// The router of the list.
pub(crate) fn router(services: Arc<Services>, entrances: Entrances) -> Router {
    let entrances = Arc::new(entrances);
    let state = Listed { services, entrances };
    Router::new().route("/_sluice/stacks", get(list)).with_state(state)
}

async fn list(State(listed): State<Listed>) -> Json<Value> {
    let stacks = listed.services.stacks.existing();
    let urls: Vec<(String, String)> = listed
        .services
        .lambda
        .urls()
        .list()
        .into_iter()
        .map(|url| (url.function_name, url.url))
        .collect();
    let items = stacks
        .iter()
        .map(|stack| item(stack, listed.entrances.get(&stack.id), &urls));
    Json(json!({ "items": items.collect::<Vec<_>>() }))
}

/// A stack, its entrance, and the addresses of its own function URLs.
fn item(stack: &StackRecord, entrance: Option<&(String, String)>, urls: &[(String, String)]) -> Value {
    let is_own = |function: &str| stack.resources.iter().any(|resource| resource.physical_id == function);
    let urls = urls.iter().filter(|(function, _)| is_own(function));
    json!({
        "name": stack.name,
        "id": stack.id,
        "status": stack.status.as_str(),
        "outputs": stack.outputs.iter().map(output).collect::<Vec<_>>(),
        "entrance": entrance.map(|(name, address)| json!({ "name": name, "address": address })),
        "function_urls": urls.map(|(_, url)| url).collect::<Vec<_>>(),
    })
}

fn output(output: &StackOutput) -> Value {
    json!({
        "key": output.key,
        "value": output.value,
        "description": output.description,
        "export": output.export_name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_cloudformation::{StackResource, StackStatus};

    #[test]
    fn a_stack_has_its_own_urls_only() {
        let function = |name: &str| StackResource {
            logical_id: "F".to_owned(),
            physical_id: name.to_owned(),
            resource_type: "AWS::Lambda::Function".to_owned(),
            retained: false,
        };
        let stack = StackRecord {
            status: StackStatus::CreateComplete,
            resources: vec![function("f")],
            outputs: vec![StackOutput {
                key: "Url".to_owned(),
                value: "http://h:1/".to_owned(),
                description: None,
                export_name: Some("s-Url".to_owned()),
            }],
            ..StackRecord::empty("s", "id")
        };
        let urls = [
            ("f".to_owned(), "http://h:1/".to_owned()),
            ("g".to_owned(), "http://h:2/".to_owned()),
        ];
        let entrance = ("submit".to_owned(), "http://h:1/".to_owned());
        let listed = item(&stack, Some(&entrance), &urls);
        assert_eq!(listed["function_urls"], json!(["http://h:1/"]));
        assert_eq!(
            listed["entrance"],
            json!({ "name": "submit", "address": "http://h:1/" })
        );
        assert_eq!(
            listed["outputs"],
            json!([{ "key": "Url", "value": "http://h:1/", "description": null, "export": "s-Url" }])
        );
        assert_eq!(item(&stack, None, &[])["entrance"], Value::Null);
    }
}
