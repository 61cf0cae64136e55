//! Calls that are decoded and run in process. Pure.
//!
//! dynoxide's library takes decoded requests; how its HTTP server words what cannot be decoded, reads values in the older
//! of DynamoDB's two ways, and decides between the two, is closed to others. So a call is taken here only if none of that
//! can matter: one of the six operations of single tables that every function uses, with known members of the right
//! types only. Then decoding is what the server does too, and so is every answer, refusals included. Everything else goes
//! [by HTTP](crate::http_fallback).

use dynoxide::actions::{delete_item, get_item, put_item, query, scan, update_item};
use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::Usage;
use crate::metering::{Meter, Units};

/// A decoded call.
pub(crate) enum InProcessCall {
    GetItem(get_item::GetItemRequest),
    PutItem(put_item::PutItemRequest),
    UpdateItem(update_item::UpdateItemRequest),
    DeleteItem(delete_item::DeleteItemRequest),
    Query(query::QueryRequest),
    Scan(scan::ScanRequest),
}

/// The response to a call in process.
pub(crate) struct InProcessResponse {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The JSON body.
    pub(crate) body: String,
    /// True when it may have changed a table.
    pub(crate) wrote: bool,
    /// The units that it consumed.
    pub(crate) usages: Vec<Usage>,
}

impl InProcessCall {
    /// Decodes a call; `None` if it has to go by HTTP.
    pub(crate) fn decode(operation: &str, body: &[u8]) -> Option<Self> {
        let decode = match operation {
            "GetItem" => |text: &str| decoded(text).map(Self::GetItem),
            "PutItem" => |text: &str| decoded(text).map(Self::PutItem),
            "UpdateItem" => |text: &str| decoded(text).map(Self::UpdateItem),
            "DeleteItem" => |text: &str| decoded(text).map(Self::DeleteItem),
            "Query" => |text: &str| decoded(text).map(Self::Query),
            "Scan" => |text: &str| decoded(text).map(Self::Scan),
            _ => return None,
        };
        let text = std::str::from_utf8(body).ok()?;
        let Ok(Value::Object(members)) = serde_json::from_str(text) else {
            return None;
        };
        // From the text, not from the members: the server refuses a member that is given twice.
        if has_known_members_only(&members) {
            decode(text)
        } else {
            None
        }
    }

    /// Runs the call. `None`: refused in a way that only the server can word; nothing was changed.
    pub(crate) fn run(self, database: &Database) -> Option<InProcessResponse> {
        // each operation has types of its own for the same two members
        macro_rules! run {
            ($request:ident, $run:ident, $units:expr) => {{
                let meter = Meter::on(
                    &$request.table_name,
                    $units,
                    &mut $request.return_consumed_capacity,
                );
                response(database.$run($request), $units, &meter, |response| {
                    &mut response.consumed_capacity
                })
            }};
        }
        match self {
            Self::GetItem(mut request) => run!(request, get_item, Units::Read),
            Self::PutItem(mut request) => run!(request, put_item, Units::Write),
            Self::UpdateItem(mut request) => run!(request, update_item, Units::Write),
            Self::DeleteItem(mut request) => run!(request, delete_item, Units::Write),
            Self::Query(mut request) => run!(request, query, Units::Read),
            Self::Scan(mut request) => run!(request, scan, Units::Read),
        }
    }
}

fn decoded<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn response<T: Serialize>(
    result: Result<T, DynoxideError>,
    units: Units,
    meter: &Meter,
    capacity: impl FnOnce(&mut T) -> &mut Option<ConsumedCapacity>,
) -> Option<InProcessResponse> {
    let writes = units == Units::Write;
    let result = result.and_then(|mut response| {
        let usages = meter.read(capacity(&mut response));
        let body = serde_json::to_string(&response);
        body.map(|body| (body, usages))
            .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
    });
    match result {
        Ok((body, usages)) => Some(InProcessResponse {
            status: 200,
            body,
            wrote: writes,
            usages,
        }),
        // A tag between the library and its server, which must not be seen outside.
        Err(DynoxideError::EnvelopedValidation(_)) => None,
        Err(error) => Some(InProcessResponse {
            status: error.status_code(),
            body: error.to_json(),
            wrote: writes && !leaves_all_as_it_was(&error),
            usages: meter.refused(&error),
        }),
    }
}

/// Refused before anything was written. After any other error it is safer to believe that something was.
fn leaves_all_as_it_was(error: &DynoxideError) -> bool {
    matches!(
        error,
        DynoxideError::ConditionalCheckFailedException(..)
            | DynoxideError::ResourceNotFoundException(_)
            | DynoxideError::ValidationException(_)
            | DynoxideError::KeyEmptyValueValidation(_)
    )
}

/// True when all members are ones of today's API (not of the one before expressions) and of their types.
fn has_known_members_only(members: &Map<String, Value>) -> bool {
    members.iter().all(|(name, value)| match name.as_str() {
        "TableName"
        | "IndexName"
        | "ConditionExpression"
        | "FilterExpression"
        | "KeyConditionExpression"
        | "ProjectionExpression"
        | "UpdateExpression"
        | "ReturnConsumedCapacity"
        | "ReturnItemCollectionMetrics"
        | "ReturnValues"
        | "ReturnValuesOnConditionCheckFailure"
        | "Select" => value.is_string(),
        "ConsistentRead" | "ScanIndexForward" => value.is_boolean(),
        "Limit" | "Segment" | "TotalSegments" => value.is_u64(),
        "ExpressionAttributeNames" => is_map_of(value, Value::is_string),
        "ExclusiveStartKey" | "ExpressionAttributeValues" | "Item" | "Key" => is_map_of(value, is_attribute),
        _ => false,
    })
}

fn is_map_of(value: &Value, is_member: fn(&Value) -> bool) -> bool {
    value.as_object().is_some_and(|members| members.values().all(is_member))
}

/// An attribute with exactly one type, written as the SDKs write it. The JSON parser bounds the recursion.
fn is_attribute(value: &Value) -> bool {
    let Some(members) = value.as_object().filter(|members| members.len() == 1) else {
        return false;
    };
    members.iter().all(|(kind, value)| match kind.as_str() {
        "S" | "N" | "B" => value.is_string(),
        "BOOL" => value.is_boolean(),
        "NULL" => *value == Value::Bool(true),
        "SS" | "NS" | "BS" => value.as_array().is_some_and(|set| set.iter().all(Value::is_string)),
        "L" => value.as_array().is_some_and(|list| list.iter().all(is_attribute)),
        "M" => is_map_of(value, is_attribute),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_calls_are_decoded() {
        let check = |operation: &str, body: &str, expected: bool| {
            let decoded = InProcessCall::decode(operation, body.as_bytes()).is_some();
            assert_eq!(decoded, expected, "{operation} {body}");
        };
        let key = r#"{"id":{"S":"a"}}"#;
        check("GetItem", &format!(r#"{{"TableName":"tab","Key":{key}}}"#), true);
        check(
            "GetItem",
            &format!(r#"{{"TableName":"tab","Key":{key},"ConsistentRead":true}}"#),
            true,
        );
        check("Scan", r#"{"TableName":"tab","Limit":3}"#, true);
        let put = |item: &str| format!(r#"{{"TableName":"tab","Item":{{"id":{item}}}}}"#);
        check(
            "PutItem",
            &put(r#"{"M":{"a":{"L":[{"N":"1"},{"NULL":true},{"SS":["x"]}]}}}"#),
            true,
        );
        // of the older API, of another type, unknown, twice, of two types, as DynamoDB reads it and the SDKs do not write it
        check(
            "GetItem",
            &format!(r#"{{"TableName":"tab","Key":{key},"AttributesToGet":["a"]}}"#),
            false,
        );
        check(
            "GetItem",
            &format!(r#"{{"TableName":"tab","Key":{key},"ConsistentRead":"true"}}"#),
            false,
        );
        check("Scan", r#"{"TableName":"tab","Limit":-3}"#, false);
        check("Scan", r#"{"TableName":"tab","Limit":null}"#, false);
        check("Scan", r#"{"TableName":"tab","Unknown":1}"#, false);
        check("Scan", r#"{"TableName":"tab","TableName":"tab"}"#, false);
        check("PutItem", &put(r#"{"S":"a","N":"1"}"#), false);
        check("PutItem", &put(r#"{"BOOL":"true"}"#), false);
        check("PutItem", &put(r#"{"NULL":false}"#), false);
        check("PutItem", &put(r#"{"N":1}"#), false);
        check("PutItem", &put(r#"{"N":"one"}"#), false);
        check("PutItem", &put("{}"), false);
        check("PutItem", r#"{"TableName":"tab"}"#, false);
        check("PutItem", "[]", false);
        check("PutItem", "", false);
        check("DescribeTable", r#"{"TableName":"tab"}"#, false);
        let deep = format!("{}{}", r#"{"L":["#.repeat(100), "]}".repeat(100));
        check("PutItem", &put(&deep), false);
    }
}
