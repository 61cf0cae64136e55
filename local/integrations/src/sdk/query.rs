//! Services of awsQuery: a form in, XML out.

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use form_urlencoded::Serializer;
use roxmltree::{Document, Node};
use serde_json::{Map, Value};
use sluice_wire::ApiError;

use super::names;

/// The members of requests that are maps, with the names of an entry's key and value.
const MAPS: [(&str, &str, &str); 2] = [("Attributes", "key", "value"), ("MessageAttributes", "Name", "Value")];

/// The members of responses that are true or false.
const FLAGS: [&str; 3] = ["DisableRollback", "EnableTerminationProtection", "SenderFault"];

/// The members of responses that are lists, also where nothing is in them.
const LISTS: [&str; 13] = [
    "Capabilities",
    "Failed",
    "NotificationARNs",
    "Outputs",
    "Parameters",
    "StackEvents",
    "StackResources",
    "StackResourceSummaries",
    "Stacks",
    "StackSummaries",
    "Subscriptions",
    "Tags",
    "Topics",
];

/// The request for an operation.
pub(super) fn request(version: &str, operation: &str, arguments: &Value) -> Option<Request<Body>> {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", operation).append_pair("Version", version);
    flatten(&mut form, "", arguments);
    Request::post("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.finish()))
        .ok()
}

fn flatten(form: &mut Serializer<'_, String>, at: &str, value: &Value) {
    let name = at.rsplit('.').next().unwrap_or(at);
    match value {
        Value::Null => {}
        Value::String(text) => drop(form.append_pair(at, text)),
        Value::Bool(_) | Value::Number(_) => drop(form.append_pair(at, &value.to_string())),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(form, &format!("{at}.member.{}", index + 1), item);
            }
        }
        Value::Object(members) => match MAPS.iter().find(|(map, ..)| *map == name) {
            Some((_, key, entry)) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    form.append_pair(&format!("{at}.entry.{}.{key}", index + 1), name);
                    flatten(form, &format!("{at}.entry.{}.{entry}", index + 1), value);
                }
            }
            None => {
                for (name, value) in members {
                    let at = if at.is_empty() {
                        name.clone()
                    } else {
                        format!("{at}.{name}")
                    };
                    flatten(form, &at, value);
                }
            }
        },
    }
}

/// The members of a response.
pub(super) fn response(body: &Bytes) -> Result<Value, ApiError> {
    let text = String::from_utf8_lossy(body);
    let document = Document::parse(&text).map_err(|error| ApiError::serialization(error.to_string()))?;
    // <ActionResponse><ActionResult>…</ActionResult><ResponseMetadata>…
    let result = elements(document.root_element()).find(|node| node.tag_name().name().ends_with("Result"));
    Ok(result.map_or_else(|| Value::Object(Map::new()), |result| members(result).into()))
}

fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

fn members(node: Node<'_, '_>) -> Map<String, Value> {
    elements(node)
        .map(|child| (names::sdk(child.tag_name().name()), value(child)))
        .collect()
}

fn value(node: Node<'_, '_>) -> Value {
    let name = node.tag_name().name();
    let Some(first) = elements(node).next() else {
        return leaf(name, node.text().unwrap_or_default());
    };
    match first.tag_name().name() {
        "member" => elements(node).map(value).collect(),
        "entry" => {
            let part = |entry: Node<'_, '_>, name: &str| {
                let part = elements(entry).find(|part| part.has_tag_name((entry_namespace(entry), name)));
                part.and_then(|part| part.text()).unwrap_or_default().to_owned()
            };
            let entries = elements(node).map(|entry| (part(entry, "key"), part(entry, "value").into()));
            Value::Object(entries.collect())
        }
        _ => members(node).into(),
    }
}

fn entry_namespace<'a>(node: Node<'a, '_>) -> &'a str {
    node.tag_name().namespace().unwrap_or_default()
}

fn leaf(name: &str, text: &str) -> Value {
    if FLAGS.contains(&name) {
        Value::Bool(text == "true")
    } else if text.is_empty() && LISTS.contains(&name) {
        Value::Array(Vec::new())
    } else if text.is_empty() && name.ends_with("Configuration") {
        Value::Object(Map::new())
    } else if name.ends_with("Time") || name.ends_with("Timestamp") {
        names::instant(text).into()
    } else {
        text.into()
    }
}

/// The error in a response.
pub(super) fn error(body: &Bytes) -> ApiError {
    let text = String::from_utf8_lossy(body);
    let document = Document::parse(&text);
    let part = |name: &str| {
        let document = document.as_ref().ok()?;
        let found = document.descendants().find(|node| node.tag_name().name() == name)?;
        found.text().map(str::to_owned)
    };
    let code = part("Code").unwrap_or_else(|| "InternalFailure".to_owned());
    ApiError::client(code, part("Message").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_flat_with_its_lists_and_maps() {
        let mut form = Serializer::new(String::new());
        let arguments = json!({
            "TopicArn": "t", "Attributes": { "a": "1" }, "N": 2, "Absent": null,
            "Entries": [{ "Id": "x", "MessageAttributes": { "k": { "DataType": "String", "StringValue": "v" } } }],
        });
        flatten(&mut form, "", &arguments);
        let mut fields: Vec<String> = form_urlencoded::parse(form.finish().as_bytes())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        fields.sort();
        assert_eq!(
            fields,
            [
                "Attributes.entry.1.key=a",
                "Attributes.entry.1.value=1",
                "Entries.member.1.Id=x",
                "Entries.member.1.MessageAttributes.entry.1.Name=k",
                "Entries.member.1.MessageAttributes.entry.1.Value.DataType=String",
                "Entries.member.1.MessageAttributes.entry.1.Value.StringValue=v",
                "N=2",
                "TopicArn=t",
            ]
        );
    }

    #[test]
    fn a_response_is_read_by_its_form() {
        let xml = "<R xmlns=\"urn:x\"><RResult><Stacks><member><StackName>a&amp;b</StackName><Outputs/>\
                   <EnableTerminationProtection>true</EnableTerminationProtection><RollbackConfiguration/>\
                   <CreationTime>2026-11-22T13:27:00.000Z</CreationTime></member></Stacks>\
                   <Attributes><entry><key>k</key><value>v</value></entry></Attributes></RResult><ResponseMetadata/></R>";
        assert_eq!(
            response(&Bytes::from_static(xml.as_bytes())).unwrap(),
            json!({
                "Stacks": [{
                    "StackName": "a&b", "Outputs": [], "EnableTerminationProtection": true, "RollbackConfiguration": {},
                    "CreationTime": "2026-11-22T13:27:00Z",
                }],
                "Attributes": { "k": "v" },
            })
        );
        let empty = b"<R><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></R>";
        assert_eq!(response(&Bytes::from_static(empty)).unwrap(), json!({}));
    }
}
