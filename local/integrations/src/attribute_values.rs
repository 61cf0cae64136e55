//! Attribute values in the arguments of DynamoDB's integrations.
//!
//! Step Functions takes a plain text where DynamoDB's API wants `{"S": …}`, also in lists, and says itself what has the wrong
//! type, before anything is called. The sentence about texts was measured; those about other types are made after it.

use serde_json::{Map, Value, json};

/// The arguments as DynamoDB's API takes them.
///
/// # Errors
/// All reasons for which Step Functions does not start the task.
pub(crate) fn typed(arguments: &Value) -> Result<Value, Vec<String>> {
    let mut reasons = Vec::new();
    let typed = walk(arguments, &mut reasons);
    if reasons.is_empty() { Ok(typed) } else { Err(reasons) }
}

/// A part of the arguments that may hold attribute values further below.
fn walk(value: &Value, reasons: &mut Vec<String>) -> Value {
    match value {
        Value::Object(members) => each(members, |name, value| match (name, value) {
            ("Item" | "Key" | "ExpressionAttributeValues" | "ExclusiveStartKey", Value::Object(attributes)) => {
                each(attributes, |name, value| attribute(name, value, reasons))
            }
            ("Keys", Value::Array(keys)) => keys
                .iter()
                .map(|key| match key {
                    Value::Object(attributes) => each(attributes, |name, value| attribute(name, value, reasons)),
                    other => other.clone(),
                })
                .collect(),
            ("AttributeValueList" | "Parameters", Value::Array(values)) => {
                values.iter().map(|value| attribute(name, value, reasons)).collect()
            }
            ("Value", value) => attribute(name, value, reasons),
            // these members are tables, whatever they are called
            ("RequestItems", Value::Object(tables)) => each(tables, |_, value| walk(value, reasons)),
            (_, value) => walk(value, reasons),
        }),
        Value::Array(items) => items.iter().map(|item| walk(item, reasons)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn each(members: &Map<String, Value>, mut change: impl FnMut(&str, &Value) -> Value) -> Value {
    members
        .iter()
        .map(|(name, value)| (name.clone(), change(name, value)))
        .collect()
}

/// The attribute value of `name`.
fn attribute(name: &str, value: &Value, reasons: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) => json!({ "S": text }),
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(kind, value)| member(kind, value, reasons))
            .collect(),
        other => wrong(name, "an OBJECT", other, reasons),
    }
}

/// One member of an attribute value. The SDK for Java writes some names with fewer capitals.
fn member(kind: &str, value: &Value, reasons: &mut Vec<String>) -> (String, Value) {
    let (wire, typed) = match kind {
        "S" | "N" | "B" => (kind, text(kind, value, reasons)),
        "BOOL" | "Bool" => ("BOOL", flag(kind, value, reasons)),
        "NULL" | "Null" | "Nul" => ("NULL", flag(kind, value, reasons)),
        "SS" | "Ss" => ("SS", list(kind, value, reasons, text)),
        "NS" | "Ns" => ("NS", list(kind, value, reasons, text)),
        "BS" | "Bs" => ("BS", list(kind, value, reasons, text)),
        "L" => ("L", list(kind, value, reasons, attribute)),
        "M" => match value {
            Value::Object(attributes) => ("M", each(attributes, |name, value| attribute(name, value, reasons))),
            other => ("M", wrong(kind, "an OBJECT", other, reasons)),
        },
        unknown => {
            reasons.push(format!("The field \"{unknown}\" is not supported by Step Functions"));
            (unknown, value.clone())
        }
    };
    (wire.to_owned(), typed)
}

fn text(name: &str, value: &Value, reasons: &mut Vec<String>) -> Value {
    match value {
        Value::String(_) => value.clone(),
        other => wrong(name, "a STRING", other, reasons),
    }
}

fn flag(name: &str, value: &Value, reasons: &mut Vec<String>) -> Value {
    match value {
        Value::Bool(_) => value.clone(),
        other => wrong(name, "a BOOLEAN", other, reasons),
    }
}

fn list(
    name: &str,
    value: &Value,
    reasons: &mut Vec<String>,
    item: fn(&str, &Value, &mut Vec<String>) -> Value,
) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|value| item(name, value, reasons)).collect(),
        other => wrong(name, "an ARRAY", other, reasons),
    }
}

fn wrong(name: &str, kind: &str, value: &Value, reasons: &mut Vec<String>) -> Value {
    reasons.push(format!("The value for the field '{name}' must be {kind}"));
    value.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: Value, expected: Result<Value, &[&str]>) {
        let expected = expected.map_err(|reasons| reasons.iter().map(|reason| (*reason).to_owned()).collect());
        assert_eq!(typed(&arguments), expected, "{arguments}");
    }

    #[test]
    fn a_plain_text_is_a_text_wherever_an_attribute_value_stands() {
        check(
            json!({ "TableName": "T", "Item": { "id": "a", "n": { "N": "1" }, "l": { "L": ["x", { "S": "y" }] } } }),
            Ok(
                json!({ "TableName": "T", "Item": { "id": { "S": "a" }, "n": { "N": "1" }, "l": { "L": [{ "S": "x" }, { "S": "y" }] } } }),
            ),
        );
        check(
            json!({ "Key": { "id": "a" }, "ExpressionAttributeValues": { ":v": "x" }, "ExpressionAttributeNames": { "#Key": "id" } }),
            Ok(
                json!({ "Key": { "id": { "S": "a" } }, "ExpressionAttributeValues": { ":v": { "S": "x" } }, "ExpressionAttributeNames": { "#Key": "id" } }),
            ),
        );
        check(
            json!({ "TransactItems": [{ "Put": { "TableName": "T", "Item": { "m": { "M": { "id": "a" } } } } }] }),
            Ok(
                json!({ "TransactItems": [{ "Put": { "TableName": "T", "Item": { "m": { "M": { "id": { "S": "a" } } } } } }] }),
            ),
        );
        check(
            json!({ "RequestItems": { "Key": { "Keys": [{ "id": "a" }] }, "Item": [{ "DeleteRequest": { "Key": { "id": "b" } } }] } }),
            Ok(
                json!({ "RequestItems": { "Key": { "Keys": [{ "id": { "S": "a" } }] }, "Item": [{ "DeleteRequest": { "Key": { "id": { "S": "b" } } } }] } }),
            ),
        );
        check(
            json!({ "Statement": "s", "Parameters": ["a"], "Filter": { "AttributeValueList": ["b"] }, "Set": { "x": { "Value": "c" } } }),
            Ok(
                json!({ "Statement": "s", "Parameters": [{ "S": "a" }], "Filter": { "AttributeValueList": [{ "S": "b" }] }, "Set": { "x": { "Value": { "S": "c" } } } }),
            ),
        );
        check(
            json!({ "Item": { "a": { "Bool": true, "S": null }, "b": { "Nul": true }, "c": { "Ss": ["x"] } } }),
            Ok(json!({ "Item": { "a": { "BOOL": true }, "b": { "NULL": true }, "c": { "SS": ["x"] } } })),
        );
    }

    #[test]
    fn what_has_the_wrong_type_is_named() {
        check(
            json!({ "Item": { "id": { "S": { "a": 1 } }, "n": { "N": 5 } } }),
            Err(&[
                "The value for the field 'S' must be a STRING",
                "The value for the field 'N' must be a STRING",
            ]),
        );
        check(
            json!({ "Key": { "id": 5 } }),
            Err(&["The value for the field 'id' must be an OBJECT"]),
        );
        check(
            json!({ "Item": { "b": { "BOOL": "true" }, "s": { "SS": "x" }, "m": { "M": [] } } }),
            Err(&[
                "The value for the field 'BOOL' must be a BOOLEAN",
                "The value for the field 'SS' must be an ARRAY",
                "The value for the field 'M' must be an OBJECT",
            ]),
        );
        check(
            json!({ "Item": { "data": { "foo": "bar" } } }),
            Err(&["The field \"foo\" is not supported by Step Functions"]),
        );
    }
}
