//! Calls that are decoded and run in process. Pure.
//!
//! dynoxide's library takes decoded requests; how its HTTP server words what cannot be decoded, reads values in the older
//! of DynamoDB's two ways, and decides between the two, is closed to others. So a call is taken here only if none of that
//! can matter: one of the operations that functions use all the time, with known members of the right types only. Then decoding is what the server does too, and so is every answer, refusals included. Everything else goes
//! [by HTTP](crate::http_fallback).

use dynoxide::actions::{
    batch_get_item, delete_item, get_item, put_item, query, scan, transact_write_items, update_item,
};
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

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
    BatchGetItem(batch_get_item::BatchGetItemRequest),
    TransactWriteItems(transact_write_items::TransactWriteItemsRequest),
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
            "BatchGetItem" => |text: &str| decoded(text).map(Self::BatchGetItem),
            "TransactWriteItems" => |text: &str| decoded(text).map(Self::TransactWriteItems),
            _ => return None,
        };
        let text = std::str::from_utf8(body).ok()?;
        let Ok(Value::Object(members)) = serde_json::from_str(text) else {
            return None;
        };
        // From the text, not from the members: the server refuses a member that is given twice.
        let is_known = match operation {
            "BatchGetItem" => is_known_in_batch,
            "TransactWriteItems" => is_known_in_transaction,
            _ => is_known,
        };
        if members.iter().all(|(name, value)| is_known(name, value)) {
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
                let mut usages = Vec::new();
                let result = database.$run($request).map(|mut response| {
                    usages = meter.read(&mut response.consumed_capacity);
                    response
                });
                if let Err(error) = &result {
                    usages = meter.refused(error);
                }
                response(result, $units, usages)
            }};
        }
        match self {
            Self::GetItem(mut request) => run!(request, get_item, Units::Read),
            Self::PutItem(mut request) => run!(request, put_item, Units::Write),
            Self::UpdateItem(mut request) => run!(request, update_item, Units::Write),
            Self::DeleteItem(mut request) => run!(request, delete_item, Units::Write),
            Self::Query(mut request) => run!(request, query, Units::Read),
            Self::Scan(mut request) => run!(request, scan, Units::Read),
            // what is about several items is metered by its bodies
            Self::BatchGetItem(request) => response(database.batch_get_item(request), Units::Read, Vec::new()),
            Self::TransactWriteItems(request) => {
                response(database.transact_write_items(request), Units::Write, Vec::new())
            }
        }
    }
}

fn decoded<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn response<T: Serialize>(
    result: Result<T, DynoxideError>,
    units: Units,
    usages: Vec<Usage>,
) -> Option<InProcessResponse> {
    let writes = units == Units::Write;
    let result = result.and_then(|response| {
        serde_json::to_string(&response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
    });
    match result {
        Ok(body) => Some(InProcessResponse {
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
            usages,
        }),
    }
}

/// Refused before anything was written. After any other error it is safer to believe that something was.
fn leaves_all_as_it_was(error: &DynoxideError) -> bool {
    matches!(
        error,
        DynoxideError::ConditionalCheckFailedException(..)
            | DynoxideError::TransactionCanceledException(..)
            | DynoxideError::IdempotentParameterMismatchException(..)
            | DynoxideError::ResourceNotFoundException(_)
            | DynoxideError::ValidationException(_)
            | DynoxideError::KeyEmptyValueValidation(_)
    )
}

/// True for a member of today's API (not of the one before expressions) and of its type.
fn is_known(name: &str, value: &Value) -> bool {
    match name {
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
    }
}

/// The same for a read of several items.
fn is_known_in_batch(name: &str, value: &Value) -> bool {
    let is_key = |key: &Value| is_map_of(key, is_attribute);
    let is_known_in_table = |(name, value): (&String, &Value)| match name.as_str() {
        "Keys" => value.as_array().is_some_and(|keys| keys.iter().all(is_key)),
        "ConsistentRead" | "ExpressionAttributeNames" | "ProjectionExpression" => is_known(name, value),
        _ => false,
    };
    let is_table = |table: &Value| {
        table
            .as_object()
            .is_some_and(|members| members.iter().all(is_known_in_table))
    };
    match name {
        "RequestItems" => value.as_object().is_some_and(|tables| tables.values().all(is_table)),
        "ReturnConsumedCapacity" => value.is_string(),
        _ => false,
    }
}

/// The same for a transaction.
fn is_known_in_transaction(name: &str, value: &Value) -> bool {
    let is_known_in_action = |(name, value): (&String, &Value)| match name.as_str() {
        "ConditionExpression"
        | "ExpressionAttributeNames"
        | "ExpressionAttributeValues"
        | "Item"
        | "Key"
        | "ReturnValuesOnConditionCheckFailure"
        | "TableName"
        | "UpdateExpression" => is_known(name, value),
        _ => false,
    };
    let is_action = |(name, value): (&String, &Value)| {
        let is_kind = matches!(name.as_str(), "ConditionCheck" | "Delete" | "Put" | "Update");
        is_kind
            && value
                .as_object()
                .is_some_and(|members| members.iter().all(is_known_in_action))
    };
    let is_item = |item: &Value| {
        item.as_object()
            .is_some_and(|item| item.len() == 1 && item.iter().all(is_action))
    };
    match name {
        "TransactItems" => value.as_array().is_some_and(|items| items.iter().all(is_item)),
        "ClientRequestToken" | "ReturnConsumedCapacity" | "ReturnItemCollectionMetrics" => value.is_string(),
        _ => false,
    }
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

    fn check(operation: &str, body: &str, expected: bool) {
        let decoded = InProcessCall::decode(operation, body.as_bytes()).is_some();
        assert_eq!(decoded, expected, "{operation} {body}");
    }

    #[test]
    fn only_plain_calls_are_decoded() {
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

    #[test]
    fn only_plain_calls_about_several_items_are_decoded() {
        let key = r#"{"id":{"S":"a"}}"#;
        let transaction = |action: &str| format!(r#"{{"TransactItems":[{action}],"ClientRequestToken":"t"}}"#);
        let item = r#""TableName":"tab","Item":{"id":{"S":"a"}}"#;
        check(
            "TransactWriteItems",
            &transaction(&format!(r#"{{"Put":{{{item}}}}}"#)),
            true,
        );
        check("TransactWriteItems", &transaction(""), true);
        check(
            "TransactWriteItems",
            &transaction(&format!(r#"{{"Put":{{{item},"Unknown":1}}}}"#)),
            false,
        );
        check(
            "TransactWriteItems",
            &transaction(&format!(r#"{{"Put":{{{item}}},"Delete":{{}}}}"#)),
            false,
        );
        check(
            "TransactWriteItems",
            &transaction(r#"{"Put":{"TableName":"tab","Item":{"id":{"N":1}}}}"#),
            false,
        );
        check("TransactWriteItems", &transaction(r#"{"Put":null}"#), false);
        check("TransactWriteItems", &transaction("{}"), false);
        check("TransactWriteItems", r#"{"TableName":"tab"}"#, false);
        let batch = |keys: &str| format!(r#"{{"RequestItems":{{"tab":{{"Keys":{keys}}}}}}}"#);
        check("BatchGetItem", &batch(&format!("[{key}]")), true);
        check("BatchGetItem", &batch(r#"[{"id":"a"}]"#), false);
        check(
            "BatchGetItem",
            r#"{"RequestItems":{"tab":{"Keys":[],"AttributesToGet":["a"]}}}"#,
            false,
        );
        check("BatchGetItem", r#"{"TableName":"tab"}"#, false);
    }
}
