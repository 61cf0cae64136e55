//! The query protocol: a form in, XML out.

use serde_json::{Map, Value};
use sluice_wire::{ApiError, Form, Xml, shortened};

use crate::api::call;
use crate::{CloudWatch, CloudWatchError};

/// The most parts of a name: `MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name` has nine parts.
const MAX_PARTS: usize = 16;

impl CloudWatch {
    /// Answers one call of the query protocol.
    ///
    /// # Errors
    /// The refusal, under the name that it has in that protocol.
    pub async fn call_form(&self, operation: &str, form: &Form) -> Result<Xml, ApiError> {
        let answered = match decode(form) {
            Ok(request) => call(self, operation, request).await,
            Err(error) => Err(error),
        };
        match answered {
            Ok(node) => {
                let mut xml = Xml::default();
                node.xml(&mut xml);
                Ok(xml)
            }
            Err(error) => {
                let names = error.names();
                Err(ApiError {
                    status: names.status,
                    code: names.code.into(),
                    message: error.to_string(),
                    reason: None,
                })
            }
        }
    }
}

/// The flat fields as the structure that they spell. All values stay texts; an empty one at the top is an empty list.
fn decode(form: &Form) -> Result<Value, CloudWatchError> {
    let mut root = Map::new();
    for (name, text) in form.fields() {
        let nested = name.contains('.');
        if matches!(name, "Action" | "Version") || (text.is_empty() && !nested) {
            continue;
        }
        let parts: Vec<&str> = name.split('.').collect();
        if parts.len() > MAX_PARTS || !put(&mut root, &parts, text) {
            let name = shortened(name);
            return Err(CloudWatchError::Serialization(format!(
                "The field {name} contradicts another one, or is nested too deeply."
            )));
        }
    }
    Ok(Value::Object(
        root.into_iter().map(|(name, value)| (name, lists(value))).collect(),
    ))
}

/// False: there is a value where a structure is needed, or the reverse.
fn put(into: &mut Map<String, Value>, parts: &[&str], text: &str) -> bool {
    match parts {
        [] => false,
        [last] => into
            .insert((*last).to_owned(), Value::String(text.to_owned()))
            .is_none(),
        [first, rest @ ..] => {
            let inner = into.entry(*first).or_insert_with(|| Value::Object(Map::new()));
            inner.as_object_mut().is_some_and(|inner| put(inner, rest, text))
        }
    }
}

/// `{member: {1: …, 2: …}}` is a list, `{entry: {1: {key, value}}}` a map.
fn lists(value: Value) -> Value {
    let Value::Object(mut members) = value else {
        return value;
    };
    if members.len() == 1
        && let Some(Value::Object(items)) = members.get_mut("member")
    {
        return Value::Array(numbered(std::mem::take(items)));
    }
    if members.len() == 1
        && let Some(Value::Object(items)) = members.get_mut("entry")
    {
        let entries = numbered(std::mem::take(items));
        let pairs = entries.into_iter().filter_map(|mut entry| {
            let key = entry.get("key")?.as_str()?.to_owned();
            Some((key, entry.get_mut("value")?.take()))
        });
        return Value::Object(pairs.collect());
    }
    Value::Object(members.into_iter().map(|(name, value)| (name, lists(value))).collect())
}

fn numbered(items: Map<String, Value>) -> Vec<Value> {
    let number = |name: &str| name.parse::<u64>().unwrap_or(u64::MAX);
    let mut items: Vec<_> = items
        .into_iter()
        .map(|(name, item)| (number(&name), lists(item)))
        .collect();
    items.sort_by_key(|(number, _)| *number);
    items.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flat_names_spell_structures() {
        let form = "Action=X&Version=Y&Namespace=N&Empty=&A.member.2.Name=b&A.member.10.Name=c&A.member.1.Name=a&A.member.1.Label=\
                    &M.entry.1.key=k&M.entry.1.value=v";
        let read = decode(&Form::parse(form.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            read,
            json!({ "Namespace": "N", "A": [{ "Name": "a", "Label": "" }, { "Name": "b" }, { "Name": "c" }], "M": { "k": "v" } })
        );
    }

    #[test]
    fn contradictions_are_refused() {
        for form in ["A=1&A.member.1=2", "A.b=1&A.b.c=2", &format!("{}=1", "a.".repeat(40))] {
            assert!(decode(&Form::parse(form.as_bytes()).unwrap()).is_err(), "{form}");
        }
    }
}
